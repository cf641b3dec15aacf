<?php

/**
 * Configuration of the test shop. What differs from start to start stands in stack.json beside the site's folder.
 */

declare(strict_types=1);

$stack = json_decode(file_get_contents(dirname(__DIR__) . '/stack.json'), true);

define('DB_NAME', 'wordpress');
define('DB_USER', 'wordpress');
define('DB_PASSWORD', $stack['db_password']);
define('DB_HOST', 'localhost:' . $stack['db_socket']);
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
$table_prefix = 'wp_';

foreach (['AUTH_KEY', 'SECURE_AUTH_KEY', 'LOGGED_IN_KEY', 'NONCE_KEY', 'AUTH_SALT', 'SECURE_AUTH_SALT', 'LOGGED_IN_SALT', 'NONCE_SALT'] as $name) {
    define($name, hash('sha256', $name . $stack['db_password']));
}
define('WP_HOME', $stack['base_url']);
define('WP_SITEURL', $stack['base_url']);
// Application passwords work over plain HTTP only on a local site.
define('WP_ENVIRONMENT_TYPE', 'local');
define('WP_DEBUG', true);
define('WP_DEBUG_DISPLAY', false);
define('WP_DEBUG_LOG', $stack['log'] . '/debug.log');
define('DEVSKYY_STACK_LOG', $stack['log']);
// The shop talks to this machine only, so that no test waits for or depends on anybody else's server.
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('WP_ACCESSIBLE_HOSTS', '127.0.0.1,localhost');
define('AUTOMATIC_UPDATER_DISABLED', true);
foreach ($stack['constants'] as $name => $value) {
    define($name, $value);
}

if (! defined('ABSPATH')) {
    define('ABSPATH', __DIR__ . '/');
}
require_once ABSPATH . 'wp-settings.php';
