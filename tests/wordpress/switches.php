<?php

/**
 * Plugin Name: Switches of the tests
 * Description: What a test may do to this site while it runs: a file in the log folder's switches/ turns each on.
 */

declare(strict_types=1);

$devskyy_switch = static fn(string $name): string => DEVSKYY_STACK_LOG . '/switches/' . $name;

// Holds a request at a step of an apply, an undo or a mail until the test kills the process.
foreach ([ 'devskyy_after_ledger_row', 'devskyy_after_write', 'devskyy_before_mail', 'devskyy_after_mail' ] as $devskyy_step) {
    add_action(
        $devskyy_step,
        static function () use ($devskyy_switch, $devskyy_step): void {
            $file = $devskyy_switch($devskyy_step);
            clearstatcache();
            if (file_exists($file) && rename($file, $file . '.reached')) {
                sleep(120);
            }
        }
    );
}

// A security plugin that forbids the REST API to everybody.
if (file_exists($devskyy_switch('rest-blocked'))) {
    add_filter(
        'rest_authentication_errors',
        static fn() => new WP_Error('rest_disabled', 'The REST API is disabled on this site.', [ 'status' => 403 ])
    );
}

// WooCommerce keeps a version that is defined already: the plugin meets an old one.
if (file_exists($devskyy_switch('woocommerce-old'))) {
    define('WC_VERSION', '9.9.5');
}
