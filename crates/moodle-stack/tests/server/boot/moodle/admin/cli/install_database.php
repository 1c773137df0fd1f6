<?php
require __DIR__ . '/../../config.php';
$link = site_database();
if ($link->query('SHOW TABLES')->num_rows > 0) {
    fwrite(STDERR, "tables already present\n");
    exit(1);
}
$link->query('CREATE TABLE mdl_config (name VARCHAR(255) PRIMARY KEY, value LONGTEXT)');
touch($CFG->dataroot . '/half-way');
// Long enough for whoever reads the list of processes; and where the power is to be cut now, until then.
$cut = '/test/cut-' . trim(file_get_contents('/test/boot'));
sleep(is_file($cut) && file_get_contents($cut) === 'share/data/half-way' ? 60 : 2);
$link->query('CREATE TABLE mdl_user (id INT PRIMARY KEY AUTO_INCREMENT, options LONGTEXT)');
$options = array_filter(array_slice($argv, 1), static fn(string $option): bool => !str_starts_with($option, '--adminpass='));
$statement = $link->prepare('INSERT INTO mdl_user (options) VALUES (?)');
$statement->execute([json_encode(array_values($options))]);
$statement = $link->prepare("INSERT INTO mdl_config VALUES ('version', '2026100500'), ('adminpass', ?)");
$given = array_values(array_filter($argv, static fn(string $option): bool => str_starts_with($option, '--adminpass=')));
$statement->execute([hash('sha256', substr($given[0] ?? '', strlen('--adminpass=')))]);
file_put_contents($CFG->dataroot . '/installations', posix_getpwuid(posix_geteuid())['name'] . "\n", FILE_APPEND);
