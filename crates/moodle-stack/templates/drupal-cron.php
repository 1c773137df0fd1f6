<?php
// drupal-cron.php CODE: runs Drupal's cron once, without an address that the outside could call.

declare(strict_types=1);

chdir($argv[1]);
$autoloader = require $argv[1] . '/autoload.php';
$request = Symfony\Component\HttpFoundation\Request::createFromGlobals();
$kernel = Drupal\Core\DrupalKernel::createFromRequest($request, $autoloader, 'prod');
$kernel->boot();
$kernel->preHandle($request);
exit($kernel->getContainer()->get('cron')->run() ? 0 : 1);
