<?php
// How the scripts of this folder connect to the database.

declare(strict_types=1);

/**
 * Connects as `$user`. An error is a mysqli_sql_exception, which never holds the password. An answer may take
 * `$patience_seconds`, and so may, up to five, the connection.
 */
function connect(
    array $database,
    string $user,
    #[\SensitiveParameter] string $password,
    ?string $schema = null,
    int $patience_seconds = 60,
): mysqli {
    mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
    $link = mysqli_init();
    $link->options(MYSQLI_OPT_CONNECT_TIMEOUT, min(5, $patience_seconds));
    $link->options(MYSQLI_OPT_READ_TIMEOUT, $patience_seconds);
    $flags = match ($database['tls']) {
        'off' => 0,
        'require' => MYSQLI_CLIENT_SSL | MYSQLI_CLIENT_SSL_DONT_VERIFY_SERVER_CERT,
        'verify-full' => MYSQLI_CLIENT_SSL,
    };
    if ($flags !== 0) {
        $link->ssl_set(null, null, null, null, null);
    }
    $link->real_connect($database['host'], $user, $password, $schema, $database['port'], null, $flags);
    $link->set_charset('utf8mb4');
    return $link;
}

/** Whether this server takes writes: a replica, or a primary that is stepping down, does not. */
function takes_writes(mysqli $link): bool
{
    return (int) $link->query('SELECT @@global.read_only')->fetch_row()[0] === 0;
}

/** A name between backticks. */
function name(string $name): string
{
    return '`' . str_replace('`', '``', $name) . '`';
}

/** The schema of our own table: apart from the site's, because installers may drop every table that they find. */
function boot_schema(array $database): string
{
    return $database['schema'] . '_boot';
}

/** Connects, waiting until `$until` (seconds of `hrtime`) for a server that takes writes. */
function connect_when_ready(array $database, string $user, #[\SensitiveParameter] string $password, float $until): mysqli
{
    $said = '';
    while (true) {
        try {
            $link = connect($database, $user, $password);
            if (takes_writes($link)) {
                return $link;
            }
            $why = 'it takes no writes';
        } catch (mysqli_sql_exception $error) {
            // Access denied does not get better by waiting.
            if ($error->getCode() === 1045 || now() > $until) {
                throw $error;
            }
            $why = $error->getMessage();
        }
        if ($why !== $said) {
            echo "waiting for the database: $why\n";
            $said = $why;
        }
        if (now() > $until) {
            throw new RuntimeException("the database is not ready: $why");
        }
        usleep(2_000_000);
    }
}

/** Seconds that only go forward. */
function now(): float
{
    return hrtime(true) / 1e9;
}
