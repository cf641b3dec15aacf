<?php

/**
 * Switches plugins on. What they set up for a shop needs them loaded from the start, so that is the next script's work.
 */

declare(strict_types=1);

require __DIR__ . '/load.php';

wp_set_current_user(1);
foreach ($input['plugins'] as $plugin) {
    $failed = activate_plugin($plugin);
    if (is_wp_error($failed)) {
        throw new RuntimeException($plugin . ': ' . $failed->get_error_message());
    }
}
