<?php
// Installs Drupal by its own function, with the answers that its installation page would ask for.

declare(strict_types=1);

$input = json_decode(stream_get_contents(STDIN), true, 32, JSON_THROW_ON_ERROR);
$settings = $input['settings'];
$site = $settings['site'];
chdir($settings['code']);
$autoloader = require $settings['code'] . '/autoload.php';
require_once $settings['code'] . '/core/includes/install.core.inc';
install_drupal($autoloader, [
    'interactive' => false,
    'site_path' => 'sites/default',
    'parameters' => ['profile' => 'standard', 'langcode' => $site['language']],
    'forms' => [
        'install_configure_form' => [
            'site_name' => $site['full_name'],
            'site_mail' => $site['admin_email'],
            'account' => [
                'name' => $site['admin_user'],
                'mail' => $site['admin_email'],
                'pass' => ['pass1' => $input['admin_password'], 'pass2' => $input['admin_password']],
            ],
            'enable_update_status_module' => true,
            'enable_update_status_emails' => null,
        ],
    ],
]);
