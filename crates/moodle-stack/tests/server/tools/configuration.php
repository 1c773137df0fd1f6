<?php
// configuration.php APPLICATION FILE: includes a rendered configuration as the application does and prints, as JSON, what the
// application would find. What the configuration includes itself is a stub beside it.

declare(strict_types=1);

[, $application, $file] = $argv;

function printed(mixed $value): void
{
    echo json_encode($value, JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES), "\n";
}

if ($application === 'moodle') {
    require $file;
    // The password must not lie about in a second place.
    printed(['CFG' => $CFG, 'left_over' => isset($site)]);
} elseif ($application === 'wordpress') {
    $_SERVER['HTTP_X_FORWARDED_PROTO'] = 'https';
    require $file;
    $constants = get_defined_constants(true)['user'];
    unset($constants['ABSPATH']);
    printed([
        'constants' => $constants,
        'table_prefix' => $table_prefix,
        'https' => $_SERVER['HTTPS'] ?? null,
        'left_over' => isset($site),
    ]);
} elseif ($application === 'drupal') {
    require $file;
    $named = static function (array $connection): array {
        foreach (['MYSQL_ATTR_SSL_CA', 'MYSQL_ATTR_SSL_VERIFY_SERVER_CERT'] as $name) {
            $number = constant("PDO::$name");
            if (array_key_exists($number, $connection['pdo'] ?? [])) {
                $connection['pdo'][$name] = $connection['pdo'][$number];
                unset($connection['pdo'][$number]);
            }
        }
        return $connection;
    };
    $databases['default']['default'] = $named($databases['default']['default']);
    if (isset($databases['default']['replica'])) {
        $databases['default']['replica'] = array_map($named, $databases['default']['replica']);
    }
    $matches = static fn(string $host): bool => (bool) array_filter(
        $settings['trusted_host_patterns'],
        static fn(string $pattern): bool => preg_match("{{$pattern}}i", $host) === 1,
    );
    $hosts = [];
    foreach (['moodle.example.org', 'learn.example.org', '10.0.1.7', 'evil.example.org', 'moodlexexample.org'] as $host) {
        $hosts[$host] = $matches($host);
    }
    unset($settings['trusted_host_patterns']);
    printed(['databases' => $databases, 'settings' => $settings, 'trusts' => $hosts, 'left_over' => isset($site)]);
} else {
    require $file;
    printed((array) new JConfig());
}
