<?php

declare(strict_types=1);

namespace DevSkyy;

/** What the plugin needs from its host. */
final class Requirements
{
    public const WORDPRESS = '6.9';
    public const WOOCOMMERCE = '10.0';
    public const PHP = '8.1';

    /** What is missing, as `['code' => …, 'message' => …]`, or null when everything is there. */
    public static function missing(): ?array
    {
        if (version_compare(PHP_VERSION, self::PHP, '<')) {
            /* translators: 1: needed PHP version, 2: PHP version found */
            return self::problem('php_too_old', sprintf(__('DevSkyy needs PHP %1$s or newer; this server runs %2$s. Ask your host to switch the version.', 'devskyy'), self::PHP, PHP_VERSION));
        }
        if (version_compare(self::wordpress(), self::WORDPRESS, '<')) {
            /* translators: 1: needed WordPress version, 2: WordPress version found */
            return self::problem('wordpress_too_old', sprintf(__('DevSkyy needs WordPress %1$s or newer; this site runs %2$s. Update WordPress under Dashboard, Updates.', 'devskyy'), self::WORDPRESS, self::wordpress()));
        }
        if (!defined('WC_VERSION') || !function_exists('WC')) {
            return self::problem('woocommerce_missing', __('DevSkyy needs WooCommerce. Install and activate it under Plugins.', 'devskyy'));
        }
        if (version_compare(WC_VERSION, self::WOOCOMMERCE, '<')) {
            /* translators: 1: needed WooCommerce version, 2: WooCommerce version found */
            return self::problem('woocommerce_too_old', sprintf(__('DevSkyy needs WooCommerce %1$s or newer; this shop runs %2$s. Update WooCommerce under Plugins.', 'devskyy'), self::WOOCOMMERCE, WC_VERSION));
        }
        if (!extension_loaded('openssl') || !in_array('aes-256-gcm', openssl_get_cipher_methods(), true)) {
            return self::problem('openssl_missing', __('DevSkyy seals its secrets with AES-256-GCM, which this PHP lacks. Ask your host to switch on the OpenSSL extension.', 'devskyy'));
        }
        return null;
    }

    /** Says what is missing on the plugins list and on the plugin's own pages, nowhere else. */
    public static function show_notice(): void
    {
        $missing = self::missing();
        $screen = get_current_screen();
        if ($missing === null || $screen === null || !current_user_can('activate_plugins')) {
            return;
        }
        if (in_array($screen->id, ['plugins', 'plugins-network'], true) || str_contains($screen->id, 'devskyy')) {
            wp_admin_notice($missing['message'], ['type' => 'error']);
        }
    }

    private static function wordpress(): string
    {
        return (string) get_bloginfo('version');
    }

    private static function problem(string $code, string $message): array
    {
        return ['code' => $code, 'message' => $message];
    }
}
