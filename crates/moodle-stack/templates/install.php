<?php
// install.php SETTINGS SECRETS: exactly one of all servers installs the application; the others wait until it is done.
//
// The lock is a row with a lease, in a schema beside the site's. A row works on every database in use: GET_LOCK and table
// locks hold on one member of a cluster only, and end with a connection. Who holds the row renews it while the installer
// runs; who cannot renew it kills its own installer before the lease is over; a server that finds a lease run out takes the
// row, ends what the last one left connected, empties the schema and begins anew. A schema that held tables before we began
// is never emptied.

declare(strict_types=1);

require __DIR__ . '/connect.php';

[, $settings_file, $secrets_file] = $argv;
$settings = json_decode(file_get_contents($settings_file), true, 32, JSON_THROW_ON_ERROR);
$secrets = json_decode(file_get_contents($secrets_file), true, 8, JSON_THROW_ON_ERROR);

try {
    (new Installation($settings, $secrets))->complete();
} catch (Exception $error) {
    fwrite(STDERR, 'the installation failed: ' . $error->getMessage() . "\n");
    exit(1);
}

final class Installation
{
    private array $database;
    private string $table;
    private string $owner;
    private int $lease;
    private ?mysqli $link = null;
    private string $trouble = '';

    public function __construct(private array $settings, #[\SensitiveParameter] private array $secrets)
    {
        $this->database = $settings['database'];
        $this->table = name(boot_schema($this->database)) . '.' . name('installation');
        // A server that boots twice must not take its own old lease for the new one.
        $this->owner = gethostname() . ' ' . bin2hex(random_bytes(8));
        $this->lease = $settings['install_lease_seconds'];
    }

    /** Returns when the application is installed, by this server or another. */
    public function complete(): void
    {
        $until = now() + $this->settings['install_wait_seconds'];
        $failures = 0;
        $said = '';
        while (now() < $until) {
            $row = $this->attempt(fn() => $this->row());
            if ($row !== null && $row['state'] === 'done') {
                echo "the application is installed\n";
                return;
            }
            if ($row !== null && $this->attempt(fn() => $this->acquire()) === true) {
                if ($this->install()) {
                    continue;
                }
                if (++$failures >= $this->settings['install_attempts_max']) {
                    throw new RuntimeException("the installer failed $failures times on this server");
                }
            }
            $who = $row['owner'] ?? '';
            if ($who !== $said && $who !== '') {
                echo "waiting for the installation by $who\n";
                $said = $who;
            }
            usleep($this->settings['install_poll_milliseconds'] * 1000);
        }
        throw new RuntimeException('no server has completed it in ' . $this->settings['install_wait_seconds'] . ' s');
    }

    /** Holding the lock: true when the application is installed and the row says so. */
    private function install(): bool
    {
        echo "this server installs the application\n";
        try {
            // Read with the lock held: what the row said before may be another server's yesterday.
            if ((bool) $this->row()['begun']) {
                echo "an earlier attempt did not end: the schema is emptied\n";
                $this->empty_schema();
            } elseif ($this->has_tables()) {
                if (!$this->is_installed()) {
                    $this->update("state = 'free'");
                    throw new LogicException('the schema holds tables that are not ours, and the application is not '
                        . 'installed in it; they are left alone');
                }
                echo "the schema holds an installed application: it is kept\n";
                return $this->finish();
            }
            $this->update('begun = 1');
            $this->run([PHP_BINARY, __DIR__ . '/installer.php'], $this->installer_input());
            // From here on the tables are a site's: nobody empties them any more, whatever happens to this server.
            $this->update('begun = 0');
            return $this->finish();
        } catch (mysqli_sql_exception | RuntimeException $error) {
            echo 'this attempt failed: ' . $error->getMessage() . "\n";
            $this->link = null;
            // Only while the row is still ours: whoever has it now empties the schema itself.
            $this->attempt(fn() => $this->renew() && $this->row()['begun'] && $this->empty_schema());
            $this->attempt(fn() => $this->update("state = 'free', failures = failures + 1"));
            return false;
        }
    }

    /** What one server does before any other may start; a site that it fails on is installed all the same. */
    private function finish(): bool
    {
        foreach ($this->settings['after_install'] as $command) {
            try {
                $this->run($command, '');
            } catch (RuntimeException $error) {
                echo 'the site is installed, but ' . $error->getMessage() . "\n";
            }
        }
        return $this->update("state = 'done'");
    }

    /** Runs a command as the web server's user, and renews the lease while it runs. */
    private function run(array $command, #[\SensitiveParameter] string $input): void
    {
        $user = ['--reuid', $this->settings['web_user'], '--regid', $this->settings['web_group'], '--init-groups'];
        $name = basename($command[1]);
        // It dies with us: an installer without a holder of the lock would write into its successor's tables.
        $command = ['setpriv', ...$user, '--pdeathsig', 'KILL', '--', ...$command];
        $process = proc_open($command, [['pipe', 'r'], STDOUT, STDERR], $pipes, '/', null);
        if ($process === false) {
            throw new RuntimeException('the installer does not start');
        }
        fwrite($pipes[0], $input);
        fclose($pipes[0]);
        $until = now() + $this->settings['install_limit_seconds'];
        $renewed = now();
        while (($status = proc_get_status($process))['running']) {
            $is_ours = true;
            if (now() - $renewed > $this->lease / 6) {
                $is_ours = $this->attempt(fn() => $this->renew());
                $renewed = $is_ours ? now() : $renewed;
            }
            // No answer is borne for a while; "another has it" is not: this machine may have stood still, its clock with it.
            if ($is_ours === false || now() - $renewed > $this->lease / 2 || now() > $until) {
                proc_terminate($process, 9);
                proc_close($process);
                throw new RuntimeException("$name was stopped: the lock could not be kept, or it took too long");
            }
            usleep(100_000);
        }
        proc_close($process);
        if ($status['exitcode'] !== 0) {
            $signal = $status['signaled'] ? " (signal {$status['termsig']})" : '';
            throw new RuntimeException("$name ended with status {$status['exitcode']}$signal");
        }
    }

    /** What the installer is told, on its standard input: never on a command line, which everybody can read. */
    private function installer_input(): string
    {
        return json_encode([
            'settings' => $this->settings,
            'admin_password' => $this->secrets['admin_password'],
            'database_password' => $this->secrets['database_password'],
            'url' => (require $this->settings['site_file'])['url'],
        ], JSON_THROW_ON_ERROR);
    }

    /** One statement decides who installs. */
    private function acquire(): bool
    {
        $changed = $this->change(
            "UPDATE $this->table SET owner = ?, state = 'installing', renewed = UTC_TIMESTAMP(6)
             WHERE id = 1 AND (state = 'free'
             OR (state = 'installing' AND renewed < UTC_TIMESTAMP(6) - INTERVAL $this->lease SECOND))",
        );
        // A Galera node tries a statement that lost against another node's again by itself; what counts is the row.
        return $changed && $this->row()['owner'] === $this->owner;
    }

    /** Whether the row is still ours; if so, for another lease. */
    private function renew(): bool
    {
        return $this->set("state = 'installing'");
    }

    /** Changes our row, its time included. */
    private function update(string $set): bool
    {
        return $this->set($set) ?: throw new RuntimeException('the lock is with another server');
    }

    private function set(string $set): bool
    {
        $is_ours = "id = 1 AND state = 'installing' AND owner = ?";
        return $this->change("UPDATE $this->table SET $set, renewed = UTC_TIMESTAMP(6) WHERE $is_ours");
    }

    private function change(string $statement): bool
    {
        for ($attempt = 1; ; $attempt++) {
            try {
                $prepared = $this->link()->prepare($statement);
                $prepared->bind_param('s', $this->owner);
                $prepared->execute();
                return $prepared->affected_rows === 1;
            } catch (mysqli_sql_exception $error) {
                // A deadlock is no failure: on a cluster another server's CREATE TABLE IF NOT EXISTS is enough for one.
                if ($error->getCode() !== 1213 || $attempt === 5) {
                    throw $error;
                }
                usleep(20_000);
            }
        }
    }

    private function row(): ?array
    {
        return $this->link()->query("SELECT state, owner, begun FROM $this->table WHERE id = 1")->fetch_assoc();
    }

    private function has_tables(): bool
    {
        return $this->tables() !== [];
    }

    private function is_installed(): bool
    {
        try {
            $schema = name($this->database['schema']);
            $query = str_replace('{schema}', $schema, $this->settings['installed_query']);
            return $this->link()->query($query)->fetch_row() !== null;
        } catch (mysqli_sql_exception $error) {
            // No such table.
            if ($error->getCode() === 1146) {
                return false;
            }
            throw $error;
        }
    }

    private function tables(): array
    {
        $schema = $this->link()->real_escape_string($this->database['schema']);
        $query = "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = '$schema'";
        return $this->link()->query($query)->fetch_all();
    }

    private function empty_schema(): bool
    {
        $this->end_other_connections();
        $link = $this->link();
        $link->query('SET foreign_key_checks = 0');
        foreach ($this->tables() as [$table, $type]) {
            $kind = $type === 'VIEW' ? 'VIEW' : 'TABLE';
            $link->query("DROP $kind IF EXISTS " . name($this->database['schema']) . '.' . name($table));
            $this->update("state = 'installing'");
        }
        $link->query('SET foreign_key_checks = 1');
        return true;
    }

    /**
     * Ends every other connection that works in the site's schema: of an installer that was killed, a statement may still
     * run; one whose machine stood still would go on where it was. (The servers that wait are connected to no schema.)
     */
    private function end_other_connections(): void
    {
        $link = $this->link();
        foreach ($link->query('SHOW PROCESSLIST')->fetch_all(MYSQLI_ASSOC) as $connection) {
            if ($connection['db'] === $this->database['schema'] && $connection['User'] === $this->database['user']) {
                try {
                    $link->query('KILL ' . (int) $connection['Id']);
                } catch (mysqli_sql_exception $error) {
                    // It has gone by itself.
                    if ($error->getCode() !== 1094) {
                        throw $error;
                    }
                }
            }
        }
    }

    /** The connection that holds the lock. It gives up early enough for the lease, whatever the network does. */
    private function link(): mysqli
    {
        if ($this->link === null) {
            $patience = max(1, intdiv($this->lease, 6));
            $password = $this->secrets['database_password'];
            $this->link = connect($this->database, $this->database['user'], $password, null, $patience);
            $this->link->query("SET SESSION lock_wait_timeout = $patience, innodb_lock_wait_timeout = $patience");
        }
        return $this->link;
    }

    /** Does something with the database; null when the database or the lock is not there now. */
    private function attempt(callable $what): mixed
    {
        try {
            return $what();
        } catch (mysqli_sql_exception | RuntimeException $error) {
            if ($error->getMessage() !== $this->trouble) {
                $this->trouble = $error->getMessage();
                echo "not now: $this->trouble\n";
            }
            $this->link = null;
            return null;
        }
    }
}
