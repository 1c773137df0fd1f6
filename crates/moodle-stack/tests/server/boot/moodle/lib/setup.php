<?php
// A site of a few lines that follows Moodle's rules where the boot depends on them: exit codes, the address, the database.

function site_database(): mysqli
{
    global $CFG;
    mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
    $link = mysqli_init();
    $secure = isset($CFG->dboptions['ssl']) ? MYSQLI_CLIENT_SSL | MYSQLI_CLIENT_SSL_DONT_VERIFY_SERVER_CERT : 0;
    $link->real_connect($CFG->dbhost, $CFG->dbuser, $CFG->dbpass, $CFG->dbname, $CFG->dboptions['dbport'], null, $secure);
    if ($secure && $link->query("SHOW STATUS LIKE 'Ssl_cipher'")->fetch_row()[1] === '') {
        throw new RuntimeException('the connection is not encrypted');
    }
    return $link;
}

if (!is_dir($CFG->dataroot) || !is_writable($CFG->dataroot) || !is_writable($CFG->localcachedir)) {
    http_response_code(500);
    fwrite(fopen('php://stderr', 'w'), "the data folder or the local cache cannot be written\n");
    exit(1);
}
