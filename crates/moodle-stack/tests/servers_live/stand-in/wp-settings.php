<?php
// WordPress' own, which wp-config.php ends with, begins the application. Here only the configuration is wanted.
