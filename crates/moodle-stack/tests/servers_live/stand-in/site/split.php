<?php
// split.php: does what a request of Moodle's does, and says which database server answered what.

declare(strict_types=1);

require __DIR__ . '/config.php';

/** The number of the server that answers a read of this table, or what it says instead. */
function server_of(SplitDatabase $database, string $table): int|string
{
    try {
        return (int) $database->read("SELECT @@server_id AS server, COUNT(*) AS rows_seen FROM {{$table}}")[0]['server'];
    } catch (mysqli_sql_exception) {
        return 'gone';
    }
}

/** The same site with another setting of its replica. */
function with_replica(stdClass $cfg, array $change): SplitDatabase
{
    $other = clone $cfg;
    $other->dboptions['readonly']['instance'][0] = $change + $other->dboptions['readonly']['instance'][0];
    return new SplitDatabase($other);
}

$seen = [
    'has_key' => array_key_exists('readonly', $CFG->dboptions),
    'plain' => server_of($DB, 'config'),
    'sessions' => server_of($DB, 'sessions'),
    'lock_db' => server_of($DB, 'lock_db'),
];
if (($argv[1] ?? '') !== 'only-read') {
    $mark = bin2hex(random_bytes(6));
    $DB->write("INSERT INTO {t1} (installer) VALUES ('$mark')");
    $written = microtime(true);
    $seen['just_written'] = server_of($DB, 't1');
    $seen['not_written'] = server_of($DB, 't2');
    // Until the latency is over the primary is asked; from then on a replica, which has the row by then.
    $query = "SELECT @@server_id AS server, installer FROM {t1} WHERE installer = '$mark'";
    do {
        $rows = $DB->read($query);
        $elapsed = microtime(true) - $written;
        usleep(20_000);
    } while ($rows !== [] && (int) $rows[0]['server'] === 1 && $elapsed < 3);
    $seen['in_the_end'] = (int) ($rows[0]['server'] ?? 0);
    $seen['after_latency'] = $elapsed >= 1;
    $DB->begin();
    $seen['in_transaction'] = server_of($DB, 'config');
    $DB->commit();
    $seen['after_transaction'] = server_of($DB, 'config');
    $seen['lock'] = (int) $DB->read("SELECT @@server_id AS server, GET_LOCK('x', 1) AS got")[0]['server'];
    $DB->write('CREATE TEMPORARY TABLE {scratch} (id INT)');
    $seen['temporary'] = server_of($DB, 'scratch');
    if ($seen['has_key']) {
        $seen['with_empty_user'] = server_of(with_replica($CFG, ['dbuser' => '']), 'config');
        $seen['with_wrong_port'] = server_of(with_replica($CFG, ['dbport' => 1]), 'config');
    }
}
echo json_encode($seen, JSON_THROW_ON_ERROR), "\n";
