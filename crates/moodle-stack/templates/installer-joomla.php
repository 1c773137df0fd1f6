<?php
// Runs Joomla's own installer in a copy of the code: it writes a configuration of its own there, which is thrown away with
// the copy, because the site's must be the same on every server.

declare(strict_types=1);

$input = json_decode(stream_get_contents(STDIN), true, 32, JSON_THROW_ON_ERROR);
$settings = $input['settings'];
$site = $settings['site'];
$database = $settings['database'];

$copy = $settings['local_cache'] . '/installer-' . bin2hex(random_bytes(8));
$parts = [[$settings['code'] . '/.', $copy], [$settings['set_aside'], "$copy/installation"]];
mkdir($copy, 0700);
register_shutdown_function(static function () use ($copy): void {
    exec('rm -rf -- ' . escapeshellarg($copy));
});
foreach ($parts as [$from, $to]) {
    exec('cp -rL -- ' . escapeshellarg($from) . ' ' . escapeshellarg($to), $said, $status);
    if ($status !== 0) {
        fwrite(STDERR, "the code could not be copied\n");
        exit(1);
    }
}
@unlink("$copy/configuration.php");

// Joomla asks whoever installs into another host's database for a proof that they own the server. We are the server.
putenv('JOOMLA_INSTALLATION_DISABLE_LOCALHOST_CHECK=1');
$_SERVER['argv'] = [
    'joomla.php', 'install', '--no-interaction',
    "--site-name={$site['full_name']}",
    "--admin-user={$site['admin_user']}",
    "--admin-username={$site['admin_user']}",
    "--admin-password={$input['admin_password']}",
    "--admin-email={$site['admin_email']}",
    '--db-type=mysqli',
    "--db-host={$database['host']}:{$database['port']}",
    "--db-user={$database['user']}",
    "--db-pass={$input['database_password']}",
    "--db-name={$database['schema']}",
    '--db-prefix=j_',
    '--db-encryption=' . ($database['tls'] === 'off' ? '0' : '1'),
];
$_SERVER['argc'] = count($_SERVER['argv']);
$argv = $_SERVER['argv'];
$argc = $_SERVER['argc'];
chdir("$copy/installation");
require "$copy/installation/joomla.php";
