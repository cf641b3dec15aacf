<?php

/**
 * Loads the shop that the tests run in: a real WordPress with WooCommerce and this plugin, its folder in DEVSKYY_SITE.
 */

declare(strict_types=1);

$site = rtrim((string) (getenv('DEVSKYY_SITE') ?: getenv('DEVSKYY_WP_PATH')), '/');
if ($site === '' || !is_file($site . '/wp-load.php')) {
    fwrite(STDERR, "Set DEVSKYY_SITE to the folder of a WordPress with WooCommerce and DevSkyy active; \"python -m tests.suites php\" makes one.\n");
    exit(1);
}
foreach (['HTTP_HOST' => '127.0.0.1', 'SERVER_NAME' => '127.0.0.1', 'REQUEST_URI' => '/', 'REQUEST_METHOD' => 'GET', 'REMOTE_ADDR' => '127.0.0.1'] as $name => $value) {
    $_SERVER[$name] ??= $value;
}
require $site . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/admin.php';
if (!class_exists(DevSkyy\Plugin::class)) {
    fwrite(STDERR, "The plugin DevSkyy is not active in $site.\n");
    exit(1);
}
require __DIR__ . '/Shop_Test_Case.php';
