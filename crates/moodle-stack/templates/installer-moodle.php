<?php
// Runs Moodle's own installer. What it takes as options is given to it here, inside the process: a command line could be
// read by every user of this server.

declare(strict_types=1);

$input = json_decode(stream_get_contents(STDIN), true, 32, JSON_THROW_ON_ERROR);
$site = $input['settings']['site'];
$_SERVER['argv'] = [
    'install_database.php',
    '--agree-license',
    "--lang={$site['language']}",
    "--adminuser={$site['admin_user']}",
    "--adminpass={$input['admin_password']}",
    "--adminemail={$site['admin_email']}",
    "--supportemail={$site['admin_email']}",
    "--fullname={$site['full_name']}",
    "--shortname={$site['short_name']}",
];
$_SERVER['argc'] = count($_SERVER['argv']);
$argv = $_SERVER['argv'];
$argc = $_SERVER['argc'];
$installer = $input['settings']['code'] . '/admin/cli/install_database.php';
unset($input, $site);
chdir(dirname($installer));
require $installer;
