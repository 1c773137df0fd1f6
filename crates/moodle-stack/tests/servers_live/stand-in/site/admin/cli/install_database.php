<?php
// Stands in for Moodle's installer: the same options, checks and exit codes, and tables in the same manner: the row that says
// "installed" is there long before the installer has ended. What it does, it also writes into `record` on the share.

declare(strict_types=1);

require __DIR__ . '/record.php';

const INSTALLING = true;
/** How many tables there are in the end, besides `config`, `sessions` and `lock_db`. */
const TABLES = 12;

/** Whether this attempt is one of those that the test wants to fail. */
function fails_this_time(): bool
{
    global $CFG;
    $file = @fopen("$CFG->dataroot/failures-wanted", 'r+');
    if ($file === false || !flock($file, LOCK_EX)) {
        return false;
    }
    $left = (int) stream_get_contents($file);
    rewind($file);
    ftruncate($file, 0);
    fwrite($file, (string) max(0, $left - 1));
    return $left > 0;
}

$known = ['lang', 'adminuser', 'adminpass', 'adminemail', 'agree-license', 'fullname', 'shortname', 'summary', 'supportemail'];
$options = [];
foreach (array_slice($_SERVER['argv'], 1) as $argument) {
    [$option, $value] = explode('=', substr($argument, 2), 2) + [1 => true];
    in_array($option, $known, true) || stop("unknown option: $option");
    $options[$option] = $value;
}
($options['agree-license'] ?? false) === true || stop('the licence was not agreed to');
($options['adminpass'] ?? '') !== '' || stop('there is no password');
(int) ini_get('max_input_vars') >= 5000 || stop('max_input_vars is too low');
posix_geteuid() !== 0 || stop('this is root, not the web server');

require __DIR__ . '/../../config.php';
$name = $CFG->dbname;
$present = $DB->read("SELECT table_name FROM information_schema.tables WHERE table_schema = '" . addslashes($name) . "'");
$present === [] || stop('tables already present');

$me = bin2hex(random_bytes(6));
record("begin $me " . gethostname());
pause_at('start');
$wanted = fails_this_time() ? intdiv(TABLES, 2) : TABLES;
$keys = 'id INT NOT NULL AUTO_INCREMENT PRIMARY KEY';
$DB->write("CREATE TABLE {config} ($keys, name VARCHAR(100) NOT NULL UNIQUE, value TEXT NOT NULL)");
$DB->write("CREATE TABLE {sessions} ($keys, sid VARCHAR(100))");
$DB->write("CREATE TABLE {lock_db} ($keys, resourcekey VARCHAR(100))");
for ($table = 1; $table <= $wanted; $table++) {
    $DB->write("CREATE TABLE {t$table} ($keys, installer VARCHAR(32) NOT NULL)");
    $DB->write("INSERT INTO {t$table} (installer) VALUES ('$me')");
    if ($table === 3) {
        $DB->write("INSERT INTO {config} (name, value) VALUES ('version', '" . CODE_VERSION . "'), ('installer', '$me')");
    }
    record("table $me $table");
    pause_at("table $table");
    usleep(20_000);
}
$wanted === TABLES || stop('this attempt was to fail half-way');
pause_at('end');
$hash = password_hash($options['adminpass'], PASSWORD_BCRYPT, ['cost' => 4]);
$DB->write("INSERT INTO {config} (name, value) VALUES ('adminhash', '$hash')");
record("end $me");
