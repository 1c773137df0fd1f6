<?php
require __DIR__ . '/../configuration.php';
file_put_contents((new JConfig())->log_path . '/cron', implode(' ', array_slice($argv, 1)) . "\n", FILE_APPEND);
