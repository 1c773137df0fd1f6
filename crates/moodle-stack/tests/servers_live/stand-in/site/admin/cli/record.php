<?php
// What the stand-ins do is written down on the share, and where a test wants it they wait.

declare(strict_types=1);

function record(string $line): void
{
    global $CFG;
    file_put_contents("$CFG->dataroot/record", "$line\n", FILE_APPEND | LOCK_EX);
}

/** The first who comes to the moment that `pause-at` names waits there until there is a `go-on`, for all or for its host. */
function pause_at(string $moment): void
{
    global $CFG;
    $wanted = "$CFG->dataroot/pause-at";
    if (@file_get_contents($wanted) !== $moment || !@rename($wanted, "$wanted.done")) {
        return;
    }
    record('paused ' . gethostname());
    $mine = "$CFG->dataroot/go-on." . gethostname();
    for ($rounds = 0; !file_exists("$CFG->dataroot/go-on") && !file_exists($mine); $rounds++) {
        $rounds < 6000 || stop('nobody said go on');
        usleep(10_000);
        clearstatcache();
    }
}

function stop(string $why): never
{
    fwrite(STDERR, "$why\n");
    exit(1);
}
