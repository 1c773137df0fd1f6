<?php
// A site of a few lines that follows Drupal's rules where the boot depends on them.
function site_database(): PDO
{
    $app_root = __DIR__;
    $site_path = 'sites/default';
    $databases = $settings = [];
    require __DIR__ . '/sites/default/settings.php';
    $database = $databases['default']['default'];
    $options = ($database['pdo'] ?? []) + [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION];
    // The image has its authorities elsewhere.
    if (isset($options[PDO::MYSQL_ATTR_SSL_CA])) {
        $options[PDO::MYSQL_ATTR_SSL_CA] = '/etc/ssl/certs/ca-certificates.crt';
    }
    $name = "mysql:host={$database['host']};port={$database['port']};dbname={$database['database']};charset=utf8mb4";
    return new PDO($name, $database['username'], $database['password'], $options);
}

return null;
