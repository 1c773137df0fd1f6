<?php
require __DIR__ . '/../../config.php';
if (site_database()->query("SELECT value FROM mdl_config WHERE name = 'version'")->num_rows === 0) {
    exit(1);
}
file_put_contents($CFG->dataroot . '/cron', implode(' ', array_slice($argv, 1)) . "\n", FILE_APPEND);
