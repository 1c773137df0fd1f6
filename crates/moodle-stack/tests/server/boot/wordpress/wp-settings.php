<?php
// A site of a few lines that follows WordPress's rules where the boot depends on them.
function site_database(): mysqli
{
    mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
    [$host, $port] = explode(':', DB_HOST);
    $link = mysqli_init();
    $flags = defined('MYSQL_CLIENT_FLAGS') ? MYSQL_CLIENT_FLAGS : 0;
    $link->real_connect($host, DB_USER, DB_PASSWORD, DB_NAME, (int) $port, null, $flags);
    return $link;
}

// Its callers name functions that only WordPress has.
function add_filter(string $name, callable|string $what): void
{
}

function wp_slash(string $text): string
{
    return addslashes($text);
}

function is_blog_installed(): bool
{
    return site_database()->query("SHOW TABLES LIKE 'wp_options'")->num_rows === 1;
}
