<?php
// health.php SETTINGS OK-FILE: says by OK-FILE whether this server belongs into the load balancer's rotation. The web server
// answers 503 while the file is missing. It stands in for what the application does not look at: with the share unmounted,
// the primary gone while a replica lives, or the schema empty, Moodle alone would go on looking healthy.

declare(strict_types=1);

require __DIR__ . '/connect.php';

[, $settings_file, $ok_file] = $argv;
$settings = json_decode(file_get_contents($settings_file), true, 32, JSON_THROW_ON_ERROR);

// Two in a row, so that one lost packet takes no server out.
$failures_max = 2;
$failures = $failures_max;
$said = '';
while (true) {
    // PHP remembers of a file that it is there, also when it is gone.
    clearstatcache();
    try {
        $why = trouble($settings);
    } catch (Throwable $error) {
        // Whatever it is: the next round looks again.
        $why = $error->getMessage();
    }
    $failures = $why === '' ? 0 : $failures + 1;
    if ($failures === 0) {
        touch($ok_file);
    } elseif ($failures >= $failures_max && is_file($ok_file)) {
        unlink($ok_file);
    }
    if ($why !== $said) {
        echo $why === '' ? "in rotation\n" : "trouble: $why\n";
        $said = $why;
    }
    usleep($settings['health_interval_milliseconds'] * 1000);
}

/** What keeps this server from serving; empty when nothing does. */
function trouble(array $settings): string
{
    foreach ($settings['drain_files'] as $file) {
        if (is_file($file)) {
            return 'it is being taken out on purpose';
        }
    }
    if (!share_is_there($settings['share_mark'])) {
        return 'the share is not there';
    }
    if (!is_readable($settings['site_file'])) {
        return 'the secrets are not there';
    }
    try {
        $site = require $settings['site_file'];
        $database = $settings['database'];
        // A server that does not answer within five seconds is as good as gone.
        $link = connect($database, $database['user'], $site['database_password'], $database['schema'], 5);
        if (!takes_writes($link)) {
            return 'the database takes no writes';
        }
        $query = str_replace('{schema}', name($database['schema']), $settings['installed_query']);
        $is_installed = $link->query($query)->fetch_row() !== null;
        return $is_installed ? '' : 'the database holds no installed application';
    } catch (mysqli_sql_exception $error) {
        return 'the database: ' . $error->getMessage();
    }
}

/** A share whose server is gone makes whoever asks wait for ever; so a child asks, and is killed after five seconds. */
function share_is_there(string $mark): bool
{
    $process = proc_open(['cat', '--', $mark], [['file', '/dev/null', 'r'], ['file', '/dev/null', 'w'],
        ['file', '/dev/null', 'w']], $pipes);
    if ($process === false) {
        return false;
    }
    $until = now() + 5;
    while (($status = proc_get_status($process))['running']) {
        if (now() > $until) {
            proc_terminate($process, 9);
            return false;
        }
        usleep(10_000);
    }
    proc_close($process);
    return $status['exitcode'] === 0;
}
