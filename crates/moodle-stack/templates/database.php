<?php
// database.php SETTINGS SECRETS [changed-password]: waits for the database, then sees to it that schema, user and the
// installation's lock are there. Every server does so; whatever is there stays as it is. On a server that runs, only a password
// that changed is of interest.

declare(strict_types=1);

require __DIR__ . '/connect.php';

[, $settings_file, $secrets_file] = $argv;
$settings = json_decode(file_get_contents($settings_file), true, 32, JSON_THROW_ON_ERROR);
$secrets = json_decode(file_get_contents($secrets_file), true, 8, JSON_THROW_ON_ERROR);
$database = $settings['database'];

/** What two servers that do the same at the same time may hear: lock wait, deadlock, database or user just made. */
const SAME_MOMENT = [1007, 1050, 1062, 1205, 1213, 1396];

$runs = ($argv[3] ?? '') === 'changed-password';
try {
    if ($runs && (knows($settings, $secrets) || can_log_in($database, $secrets['database_password']))) {
        exit(0);
    }
    $link = connect_when_ready(
        $database,
        $database['admin_user'],
        $secrets['database_admin_password'],
        // Who looks every few minutes need not wait for long.
        now() + ($runs ? 60 : $settings['database_wait_seconds']),
    );
    for ($attempt = 1; ; $attempt++) {
        try {
            prepare($link, $database, $secrets['database_password']);
            break;
        } catch (mysqli_sql_exception $error) {
            if (!in_array($error->getCode(), SAME_MOMENT, true) || $attempt === 10) {
                throw $error;
            }
            usleep(random_int(50_000, 500_000));
        }
    }
} catch (Exception $error) {
    fwrite(STDERR, 'the database could not be prepared: ' . $error->getMessage() . "\n");
    exit(1);
}

function prepare(mysqli $link, array $database, #[\SensitiveParameter] string $password): void
{
    $schemas = [$database['schema'], boot_schema($database)];
    foreach ($schemas as $schema) {
        $collation = $database['collation'];
        $link->query('CREATE DATABASE IF NOT EXISTS ' . name($schema) . " CHARACTER SET utf8mb4 COLLATE $collation");
    }

    $user = sprintf("'%s'@'%%'", $link->real_escape_string($database['user']));
    $identified = sprintf("IDENTIFIED BY '%s'", $link->real_escape_string($password));
    $link->query("CREATE USER IF NOT EXISTS $user $identified");
    if (!can_log_in($database, $password)) {
        // One server at a time: to a second change the new password would be the old one, and the old one would be gone.
        $link->query("SELECT GET_LOCK('site-password', 60)");
        if (!can_log_in($database, $password)) {
            change_password($link, $user, $identified);
        }
        $link->query("SELECT RELEASE_LOCK('site-password')");
    }
    $plain = names_are_plain($link);
    foreach ($schemas as $schema) {
        // In a GRANT `_` and `%` stand for any character, unless the server says otherwise.
        $pattern = $plain ? $schema : addcslashes($schema, '_%\\');
        $link->query('GRANT ALL ON ' . name($pattern) . ".* TO $user");
    }

    $table = name(boot_schema($database)) . '.' . name('installation');
    $link->query("CREATE TABLE IF NOT EXISTS $table (
        id TINYINT NOT NULL PRIMARY KEY,
        state VARCHAR(16) NOT NULL,
        owner VARCHAR(255) NOT NULL DEFAULT '',
        begun TINYINT NOT NULL DEFAULT 0,
        failures INT NOT NULL DEFAULT 0,
        renewed DATETIME(6) NOT NULL
    ) ENGINE=InnoDB");
    $link->query("INSERT IGNORE INTO $table (id, state, renewed) VALUES (1, 'free', UTC_TIMESTAMP(6))");
}

/** Gives the user another password. The old one goes on to work where the server can do that, for those who still use it. */
function change_password(mysqli $link, string $user, #[\SensitiveParameter] string $identified): void
{
    try {
        $link->query("ALTER USER $user $identified RETAIN CURRENT PASSWORD");
    } catch (mysqli_sql_exception $error) {
        // MariaDB knows no second password (1064), and not everybody may leave one (1227).
        if (!in_array($error->getCode(), [1064, 1227], true)) {
            throw $error;
        }
        $link->query("ALTER USER $user $identified");
    }
}

/** Whether this server has this password already. */
function knows(array $settings, #[\SensitiveParameter] array $secrets): bool
{
    return is_file($settings['site_file'])
        && (require $settings['site_file'])['database_password'] === $secrets['database_password'];
}

/** Whether the site's user has this password already. */
function can_log_in(array $database, #[\SensitiveParameter] string $password): bool
{
    try {
        connect($database, $database['user'], $password)->close();
        return true;
    } catch (mysqli_sql_exception $error) {
        // Anything but "access denied" says nothing about the password.
        if ($error->getCode() !== 1045) {
            throw $error;
        }
        return false;
    }
}

/** Whether names in a GRANT are taken as they stand: MySQL with partial revokes. */
function names_are_plain(mysqli $link): bool
{
    $row = $link->query("SHOW GLOBAL VARIABLES LIKE 'partial_revokes'")->fetch_row();
    return $row !== null && $row[1] === 'ON';
}
