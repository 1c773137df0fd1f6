<?php
require __DIR__ . '/wp-load.php';
exit(is_blog_installed() ? 0 : 1);
