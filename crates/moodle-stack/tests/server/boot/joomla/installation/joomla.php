<?php
// Joomla's installer asks for all this, writes a configuration of its own beside the code, and wants none to be there.
$options = [];
foreach (array_slice($argv, 2) as $option) {
    [$name, $value] = explode('=', $option, 2) + [1 => true];
    $options[$name] = $value;
}
if ($argv[1] !== 'install' || file_exists(dirname(__DIR__) . '/configuration.php') || !isset($options['--no-interaction'])) {
    exit(1);
}
mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
[$host, $port] = explode(':', $options['--db-host']);
$link = mysqli_init();
$secure = MYSQLI_CLIENT_SSL | MYSQLI_CLIENT_SSL_DONT_VERIFY_SERVER_CERT;
$link->real_connect($host, $options['--db-user'], $options['--db-pass'], $options['--db-name'], (int) $port, null, $secure);
sleep(2);
$link->query('CREATE TABLE j_users (id INT PRIMARY KEY AUTO_INCREMENT, password CHAR(64), options LONGTEXT)');
$password = hash('sha256', $options['--admin-password']);
unset($options['--admin-password'], $options['--db-pass']);
$statement = $link->prepare('INSERT INTO j_users (password, options) VALUES (?, ?)');
$statement->execute([$password, json_encode($options)]);
file_put_contents(dirname(__DIR__) . '/configuration.php', '<?php class JConfig {}');
