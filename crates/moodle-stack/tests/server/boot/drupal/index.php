<?php
require __DIR__ . '/autoload.php';
file_put_contents(__DIR__ . '/sites/default/files/seen', $_SERVER['REQUEST_URI']);
echo 'title ', site_database()->query("SELECT data FROM config WHERE name = 'site'")->fetchColumn(), "\n";
