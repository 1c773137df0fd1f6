<?php
// secrets.php SETTINGS SECRETS URL: writes what the site's configuration may know of the secrets into /etc/site/site.php,
// quoted by PHP itself, and certificate and key beside SECRETS.

declare(strict_types=1);

[, $settings_file, $secrets_file, $url] = $argv;
$settings = json_decode(file_get_contents($settings_file), true, 32, JSON_THROW_ON_ERROR);
$secrets = json_decode(file_get_contents($secrets_file), true, 8, JSON_THROW_ON_ERROR);

foreach ($settings['secret_keys'] as $key) {
    if (!isset($secrets[$key]) || !is_string($secrets[$key]) || $secrets[$key] === '') {
        fwrite(STDERR, "the secrets have no $key\n");
        exit(1);
    }
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
    umask(0077);
    file_put_contents("$target.new", $text);
    // Who may read the old one may read the new one from its first moment.
    chgrp("$target.new", $settings['web_group']);
    chmod("$target.new", 0640);
    rename("$target.new", $target);
}

foreach (['tls_certificate', 'tls_key'] as $key) {
    if (isset($secrets[$key])) {
        umask(0077);
        file_put_contents(dirname($secrets_file) . "/$key", $secrets[$key]);
    }
}
