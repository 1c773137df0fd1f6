<?php
// Stands in for Moodle's own setup file: it looks at the same things in the same order, and gives the same answers.

declare(strict_types=1);

require_once __DIR__ . '/database.php';

/** What the code's version is; the database's is a row of `config`. */
const CODE_VERSION = '2026100500';

function end_with(int $code, string $why, ?string $location = null): never
{
    if (PHP_SAPI === 'cli') {
        fwrite(STDERR, "$why\n");
        exit(1);
    }
    http_response_code($code);
    if ($location !== null) {
        header("Location: $location", true, $code);
    }
    echo $why;
    exit;
}

(static function (): void {
    global $CFG, $DB;
    foreach ([$CFG->dataroot, $CFG->localcachedir] as $folder) {
        if (!is_dir($folder) || !is_writable($folder)) {
            end_with(500, "$folder is not writable");
        }
    }
    if (PHP_SAPI !== 'cli' && is_file("$CFG->dataroot/climaintenance.html")) {
        end_with(503, 'maintenance');
    }
    try {
        $DB = new SplitDatabase($CFG);
        if (PHP_SAPI === 'cli') {
            return;
        }
        $values = array_column($DB->read('SELECT name, value FROM {config}'), 'value', 'name');
        if (!isset($values['version'])) {
            end_with(303, 'not installed', "$CFG->wwwroot/admin/index.php");
        }
    } catch (mysqli_sql_exception $error) {
        // "No such table" is "not installed"; everything else is "no database".
        $is_empty = $error->getCode() === 1146;
        $is_empty ? end_with(303, 'empty', "$CFG->wwwroot/admin/index.php") : end_with(500, 'no database');
    }
    if (($_SERVER['HTTP_HOST'] ?? null) !== null && $_SERVER['HTTP_HOST'] !== parse_url($CFG->wwwroot, PHP_URL_HOST)) {
        end_with(303, 'elsewhere', $CFG->wwwroot);
    }
    try {
        // The visitor's session is always the primary's.
        $DB->read('SELECT id FROM {sessions}');
    } catch (mysqli_sql_exception) {
        end_with(303, 'no primary', "$CFG->wwwroot/admin/index.php");
    }
    if (($values['maintenance_enabled'] ?? '0') === '1') {
        end_with(503, 'maintenance');
    }
})();
