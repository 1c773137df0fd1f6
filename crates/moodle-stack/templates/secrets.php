<?php
// secrets.php SETTINGS SECRETS [URL]: writes certificate and key beside SECRETS, and with a URL what the site's configuration may
// know of the secrets into /etc/site/site.php, quoted by PHP itself. Secrets that are not whole end it before anything is written.

declare(strict_types=1);

$url = $argv[3] ?? null;
[, $settings_file, $secrets_file] = $argv;
$settings = json_decode(file_get_contents($settings_file), true, 32, JSON_THROW_ON_ERROR);
// No exception: it would show what it was about.
$secrets = json_decode((string) file_get_contents($secrets_file), true, 8);
if (json_last_error() !== JSON_ERROR_NONE) {
    fwrite(STDERR, 'the secrets cannot be read: ' . json_last_error_msg() . "\n");
    exit(1);
}
if (!is_array($secrets)) {
    fwrite(STDERR, "the secrets are no JSON object\n");
    exit(1);
}

foreach ($settings['secret_keys'] as $key) {
    if (!isset($secrets[$key]) || !is_string($secrets[$key]) || $secrets[$key] === '') {
        fwrite(STDERR, "the secrets have no $key\n");
        exit(1);
    }
}
umask(0077);
foreach (['tls_certificate', 'tls_key'] as $key) {
    if (isset($secrets[$key])) {
        write_whole(dirname($secrets_file) . "/$key", $secrets[$key]);
    }
}
if ($url === null) {
    exit(0);
}
if (!preg_match('#^https?://[^/\s]+(/\S*)?$#', $url)) {
    fwrite(STDERR, "the address of the site is not a URL: $url\n");
    exit(1);
}

$site = [
    'url' => rtrim($url, '/'),
    'database_password' => $secrets['database_password'],
    'secret' => $secrets['site_secret'],
    // No secret, and here because it changes while servers live: a replica comes or goes without a new server.
    'replicas' => ($secrets['replicas'] ?? 'yes') !== 'no',
];
$text = "<?php\n// Written at boot, and anew when secrets change. Read by the site's configuration.\nreturn " . var_export($site, true) . ";\n";
$target = $settings['site_file'];
// The same bytes are not written again, so that PHP's cache and the file's time stay as they are.
if (!is_file($target) || file_get_contents($target) !== $text) {
    write_whole("$target.new", $text);
    // On the disk before it has its name: half a file must not take the place of a whole one.
    fsync(fopen("$target.new", 'r'));
    // Who may read the old one may read the new one from its first moment.
    chgrp("$target.new", $settings['web_group']);
    chmod("$target.new", 0640);
    rename("$target.new", $target);
}

/** Writes a file, or ends with an error. */
function write_whole(string $file, #[\SensitiveParameter] string $text): void
{
    if (@file_put_contents($file, $text) !== strlen($text)) {
        fwrite(STDERR, "$file could not be written\n");
        exit(1);
    }
}
