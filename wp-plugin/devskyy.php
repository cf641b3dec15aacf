<?php

/**
 * Plugin Name: DevSkyy
 * Description: Agents that read your shop and propose changes with their evidence. You approve in wp-admin, your own WordPress writes, and every change can be undone.
 * Version: 0.1.0
 * Requires at least: 6.9
 * Requires PHP: 8.1
 * Requires Plugins: woocommerce
 * WC requires at least: 10.0
 * WC tested up to: 11.0
 * Author: DevSkyy
 * License: GPL-2.0-or-later
 * License URI: https://www.gnu.org/licenses/gpl-2.0.html
 * Text Domain: devskyy
 * Domain Path: /languages
 */

declare(strict_types=1);

namespace DevSkyy;

defined('ABSPATH') || exit;

define('DEVSKYY_VERSION', '0.1.0');
define('DEVSKYY_FILE', __FILE__);
define('DEVSKYY_DIR', __DIR__);

spl_autoload_register(static function (string $class): void {
    if (str_starts_with($class, 'DevSkyy\\')) {
        $file = __DIR__ . '/src/' . str_replace('\\', '/', substr($class, 8)) . '.php';
        is_file($file) && require $file;
    }
});

add_action('before_woocommerce_init', static function (): void {
    if (class_exists(\Automattic\WooCommerce\Utilities\FeaturesUtil::class)) {
        foreach (['custom_order_tables', 'cart_checkout_blocks'] as $feature) {
            \Automattic\WooCommerce\Utilities\FeaturesUtil::declare_compatibility($feature, DEVSKYY_FILE, true);
        }
    }
});

register_activation_hook(__FILE__, [Plugin::class, 'activate']);
register_deactivation_hook(__FILE__, [Plugin::class, 'deactivate']);
// Priority 11: WooCommerce has set itself up by then.
add_action('plugins_loaded', [Plugin::class, 'boot'], 11);
