<?php
require __DIR__ . '/../config.php';
if (($_SERVER['HTTPS'] ?? '') !== 'on' || $_SERVER['HTTP_HOST'] !== parse_url($CFG->wwwroot, PHP_URL_HOST)) {
    header("Location: $CFG->wwwroot/", true, 303);
    exit;
}
echo 'version ', site_database()->query("SELECT value FROM mdl_config WHERE name = 'version'")->fetch_row()[0], "\n";
