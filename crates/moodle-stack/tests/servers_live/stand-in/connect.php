<?php
// connect.php FILE: connects as Drupal and WordPress do, with what their configuration says, and prints of each connection
// which server answered and whether it was encrypted.

declare(strict_types=1);

const STATE = "SELECT @@server_id, (SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()) > 0";
const CIPHER = "SHOW SESSION STATUS LIKE 'Ssl_cipher'";

/** Drupal: PDO, with the keys of `$databases`. */
function of_drupal(array $databases): array
{
    $seen = [];
    foreach (['default' => $databases['default']['default']] + $databases['default']['replica'] as $key => $one) {
        $source = "mysql:host={$one['host']};port={$one['port']};dbname={$one['database']};charset=utf8mb4";
        $link = new PDO($source, $one['username'], $one['password'], $one['pdo'] ?? []);
        $seen[is_int($key) ? "replica $key" : $key] = [
            ...$link->query(STATE)->fetch(PDO::FETCH_NUM),
            $link->query(CIPHER)->fetch(PDO::FETCH_NUM)[1] !== '',
        ];
    }
    return $seen;
}

/** WordPress: mysqli, with the constants of `wp-config.php`. */
function of_wordpress(): array
{
    [$host, $port] = explode(':', DB_HOST);
    mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
    $link = mysqli_init();
    mysqli_real_connect($link, $host, DB_USER, DB_PASSWORD, DB_NAME, (int) $port, null, MYSQL_CLIENT_FLAGS);
    return ['default' => [...$link->query(STATE)->fetch_row(), $link->query(CIPHER)->fetch_row()[1] !== '']];
}

// In place of WordPress' own settings file, an empty one.
define('ABSPATH', __DIR__ . '/');
require $argv[1];
echo json_encode(isset($databases) ? of_drupal($databases) : of_wordpress(), JSON_THROW_ON_ERROR), "\n";
