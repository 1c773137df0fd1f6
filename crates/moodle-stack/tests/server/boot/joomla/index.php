<?php
// A site of a few lines that follows Joomla's rules where the boot depends on them: configuration, database, folders.
require __DIR__ . '/configuration.php';
$config = new JConfig();
if (is_dir(__DIR__ . '/installation')) {
    http_response_code(302);
    exit;
}
// A site that is to be had by HTTPS only sends on whoever comes otherwise.
$is_secure = ($_SERVER['HTTPS'] ?? '') === 'on'
    || ($config->behind_loadbalancer && ($_SERVER['HTTP_X_FORWARDED_PROTO'] ?? '') === 'https');
if ($config->force_ssl === 2 && !$is_secure) {
    header("Location: https://{$_SERVER['HTTP_HOST']}/", true, 301);
    exit;
}
mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
[$host, $port] = explode(':', $config->host);
$link = mysqli_init();
$secure = $config->dbencryption ? MYSQLI_CLIENT_SSL | MYSQLI_CLIENT_SSL_DONT_VERIFY_SERVER_CERT : 0;
$link->real_connect($host, $config->user, $config->password, $config->db, (int) $port, null, $secure);
foreach ([$config->tmp_path, $config->log_path, $config->cache_path, __DIR__ . '/images'] as $folder) {
    if (!is_dir($folder) || !is_writable($folder)) {
        http_response_code(500);
        exit("$folder cannot be written\n");
    }
}
echo $link->query('SELECT COUNT(*) FROM j_users')->fetch_row()[0], ' of ', $config->sitename, "\n";
