<?php
// Moodle's documented rules of the database with read replicas, in small.
//
// The list of replicas is shuffled, and the first that connects is used. A key that a replica leaves out is the primary's; an
// empty one is taken as it stands. The primary is asked in transactions, for tables just written (`latency` seconds), for
// temporary tables, for locks, for `sessions` and `lock_db`, for what is in `exclude_tables`, while installing, and when no
// replica answers. It is connected to when it is first needed.

declare(strict_types=1);

final class SplitDatabase
{
    private const ALWAYS_PRIMARY = ['sessions', 'lock_db'];

    private ?mysqli $primary = null;
    private ?mysqli $replica = null;
    private bool $in_transaction = false;
    /** Tables, and until when they are read from the primary. */
    private array $written = [];
    private array $temporary = [];
    private array $excluded = [];
    private float $latency = 1.0;

    public function __construct(private stdClass $cfg)
    {
        $readonly = $cfg->dboptions['readonly'] ?? null;
        if ($readonly === null || !in_array($cfg->dbtype, ['mysqli', 'mariadb', 'pgsql'], true)) {
            $this->primary();
            return;
        }
        $this->latency = (float) ($readonly['latency'] ?? 1);
        $this->set_excluded($readonly['exclude_tables'] ?? []);
        $instances = self::instances($readonly['instance']);
        shuffle($instances);
        foreach ($instances as $instance) {
            try {
                $this->replica = $this->connect($instance, $readonly['connecttimeout'] ?? 2);
                break;
            } catch (mysqli_sql_exception) {
                // The next one; after the last one, the primary.
            }
        }
        if ($this->replica === null) {
            $this->primary();
        }
    }

    /** Reads rows. Tables stand in braces: `SELECT … FROM {config}`. */
    public function read(string $sql): array
    {
        $link = $this->may_ask_replica($sql) ? $this->replica : $this->primary();
        return $link->query($this->prefixed($sql))->fetch_all(MYSQLI_ASSOC);
    }

    public function write(string $sql): void
    {
        $this->primary()->query($this->prefixed($sql));
        foreach (self::tables($sql) as $table) {
            $this->written[$table] = microtime(true) + $this->latency;
            if (preg_match('/^\s*CREATE\s+TEMPORARY\s/i', $sql)) {
                $this->temporary[] = $table;
            }
        }
    }

    public function begin(): void
    {
        $this->primary()->begin_transaction();
        $this->in_transaction = true;
    }

    public function commit(): void
    {
        $this->primary()->commit();
        $this->in_transaction = false;
    }

    private function may_ask_replica(string $sql): bool
    {
        if ($this->replica === null || $this->in_transaction || defined('INSTALLING')) {
            return false;
        }
        if (preg_match('/\b(GET|RELEASE)_LOCK\s*\(/i', $sql)) {
            return false;
        }
        foreach (self::tables($sql) as $table) {
            $is_kept = in_array($table, [...self::ALWAYS_PRIMARY, ...$this->excluded, ...$this->temporary], true);
            if ($is_kept || ($this->written[$table] ?? 0) > microtime(true)) {
                return false;
            }
        }
        return true;
    }

    /** The type is part of the rules: a text instead of a list is a fatal error in Moodle. */
    private function set_excluded(array $tables): void
    {
        $this->excluded = $tables;
    }

    /** One host; a list of hosts; one map; a list of maps. */
    private static function instances(string|array $given): array
    {
        $list = is_string($given) || !array_is_list($given) ? [$given] : $given;
        return array_map(static fn($one) => is_string($one) ? ['dbhost' => $one] : $one, $list);
    }

    private function primary(): mysqli
    {
        return $this->primary ??= $this->connect([], $this->cfg->dboptions['connecttimeout'] ?? 5);
    }

    private function connect(array $own, int $timeout): mysqli
    {
        $flags = match ($this->cfg->dboptions['ssl'] ?? null) {
            null => 0,
            'require' => MYSQLI_CLIENT_SSL | MYSQLI_CLIENT_SSL_DONT_VERIFY_SERVER_CERT,
            'verify-full' => MYSQLI_CLIENT_SSL,
        };
        mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
        $link = mysqli_init();
        $link->options(MYSQLI_OPT_CONNECT_TIMEOUT, $timeout);
        $link->real_connect(
            $own['dbhost'] ?? $this->cfg->dbhost,
            $own['dbuser'] ?? $this->cfg->dbuser,
            $own['dbpass'] ?? $this->cfg->dbpass,
            $this->cfg->dbname,
            $own['dbport'] ?? $this->cfg->dboptions['dbport'],
            null,
            $flags,
        );
        $link->query("SET NAMES 'utf8mb4' COLLATE '{$this->cfg->dboptions['dbcollation']}'");
        return $link;
    }

    private static function tables(string $sql): array
    {
        preg_match_all('/\{(\w+)\}/', $sql, $found);
        return $found[1];
    }

    private function prefixed(string $sql): string
    {
        return preg_replace('/\{(\w+)\}/', $this->cfg->prefix . '$1', $sql);
    }
}
