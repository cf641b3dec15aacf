<?php

declare(strict_types=1);

namespace DevSkyy;

use DevSkyy\Events\Drain;
use DevSkyy\Events\Hooks;
use DevSkyy\Sidecar\Connection;
use DevSkyy\Sidecar\Pairing;
use WP_Error;

/** Starts the plugin: checks the host, then hooks every part in. */
final class Plugin
{
    public static function boot(): void
    {
        if (Requirements::missing() !== null) {
            add_action('admin_notices', [Requirements::class, 'show_notice']);
            return;
        }
        Database::upgrade();
        Connection::watch_home();
        Hooks::register();
        Drain::register();
        Tick::register();
        People::register();
        add_action('rest_api_init', [Rest\Routes::class, 'register']);
        Abilities::register();
        Privacy::register();
        Admin\Site_Health::register();
        if (is_admin()) {
            Admin\Menu::register();
        }
        add_filter('woocommerce_get_settings_pages', [Admin\Settings_Tab::class, 'add']);
    }

    public static function activate(): void
    {
        Database::upgrade();
    }

    /** Ends the schedules and keeps everything else, so that activating again goes on where it stopped. */
    public static function deactivate(): void
    {
        if (function_exists('as_unschedule_all_actions')) {
            as_unschedule_all_actions('', [], Drain::GROUP);
        }
        delete_transient('devskyy_tick_checked');
    }

    /**
     * Pairs with the shared key instead of a code; for scripts.
     *
     * @param string $url The sidecar's address; empty takes DEVSKYY_SIDECAR_URL.
     * @param string $key The key as base64url; empty takes DEVSKYY_PAIRING_KEY or the file named by DEVSKYY_PAIRING_KEY_FILE.
     */
    public static function pair_with_key(string $url = '', string $key = ''): bool|WP_Error
    {
        return Pairing::with_key($url, $key);
    }
}
