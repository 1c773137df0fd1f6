<?php
// Stands in for Moodle's front page.

if (!is_file(__DIR__ . '/../config.php')) {
    header('Location: install.php');
    exit;
}
require __DIR__ . '/../config.php';
echo 'the front page, by ' . gethostname();
