<?php
function wp_install(string $title, string $user, string $mail, bool $public, string $unused, string $password, string $language): void
{
    sleep(2);
    $link = site_database();
    $link->query('CREATE TABLE wp_options (option_name VARCHAR(191) PRIMARY KEY, option_value LONGTEXT)');
    $statement = $link->prepare("INSERT INTO wp_options VALUES ('siteurl', ?), ('options', ?), ('password', ?)");
    $options = json_encode([$title, $user, $mail, $public, $language]);
    $statement->execute([WP_SITEURL, $options, hash('sha256', stripslashes($password))]);
}
