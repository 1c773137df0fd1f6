<?php
// Stands in for Moodle's cron: it ends with 1 where nothing is installed.

declare(strict_types=1);

require __DIR__ . '/../../config.php';
require __DIR__ . '/record.php';
try {
    $DB->read("SELECT value FROM {config} WHERE name = 'version'") !== [] || throw new RuntimeException('no version');
} catch (Exception $error) {
    fwrite(STDERR, 'cron: ' . $error->getMessage() . "\n");
    exit(1);
}
record('cron ' . gethostname());
pause_at('cron');
