<?php

declare(strict_types=1);

namespace DevSkyy;

/** What the plugin needs from its host. */
final class Requirements
{
    public const WORDPRESS = '6.9';
    public const WOOCOMMERCE = '10.0';
    public const PHP = '8.1';

    /** The code of what is missing, or null when everything is there. Says no words: it is asked before translations may be loaded. */
    public static function missing(): ?string
    {
        return match (true) {
            version_compare(PHP_VERSION, self::PHP, '<') => 'php_too_old',
            version_compare(get_bloginfo('version'), self::WORDPRESS, '<') => 'wordpress_too_old',
            !defined('WC_VERSION') || !function_exists('WC') => 'woocommerce_missing',
            version_compare(WC_VERSION, self::WOOCOMMERCE, '<') => 'woocommerce_too_old',
            !extension_loaded('openssl') || !in_array('aes-256-gcm', openssl_get_cipher_methods(), true) => 'openssl_missing',
            default => null,
        };
    }

    /** What is missing and what to do about it. */
    public static function message(string $code): string
    {
        return match ($code) {
            /* translators: 1: needed PHP version, 2: PHP version found */
            'php_too_old' => sprintf(__('DevSkyy needs PHP %1$s or newer; this server runs %2$s. Ask your host to switch the version.', 'devskyy'), self::PHP, PHP_VERSION),
            /* translators: 1: needed WordPress version, 2: WordPress version found */
            'wordpress_too_old' => sprintf(__('DevSkyy needs WordPress %1$s or newer; this site runs %2$s. Update WordPress under Dashboard, Updates.', 'devskyy'), self::WORDPRESS, get_bloginfo('version')),
            'woocommerce_missing' => __('DevSkyy needs WooCommerce. Install and activate it under Plugins.', 'devskyy'),
            /* translators: 1: needed WooCommerce version, 2: WooCommerce version found */
            'woocommerce_too_old' => sprintf(__('DevSkyy needs WooCommerce %1$s or newer; this shop runs %2$s. Update WooCommerce under Plugins.', 'devskyy'), self::WOOCOMMERCE, WC_VERSION),
            default => __('DevSkyy seals its secrets with AES-256-GCM, which this PHP lacks. Ask your host to switch on the OpenSSL extension.', 'devskyy'),
        };
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
            wp_admin_notice(esc_html(self::message($missing)), ['type' => 'error']);
        }
    }
}
