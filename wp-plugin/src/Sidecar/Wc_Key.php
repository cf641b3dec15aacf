<?php

declare(strict_types=1);

namespace DevSkyy\Sidecar;

/** The read-only WooCommerce REST key that the sidecar is given at pairing. */
final class Wc_Key
{
    /** @return array{id: int, key: string, secret: string} */
    public static function create(): array
    {
        global $wpdb;
        $key = 'ck_' . wc_rand_hash();
        $secret = 'cs_' . wc_rand_hash();
        $wpdb->insert($wpdb->prefix . 'woocommerce_api_keys', [
            'user_id' => self::owner(),
            'description' => 'DevSkyy (read only, made at pairing)',
            'permissions' => 'read',
            'consumer_key' => wc_api_hash($key),
            'consumer_secret' => $secret,
            'truncated_key' => substr($key, -7),
        ]);
        return ['id' => (int) $wpdb->insert_id, 'key' => $key, 'secret' => $secret];
    }

    public static function remove(int $id): void
    {
        global $wpdb;
        if ($id > 0) {
            $wpdb->delete($wpdb->prefix . 'woocommerce_api_keys', ['key_id' => $id]);
        }
    }

    /** False when somebody revoked the key in WooCommerce's own settings. */
    public static function exists(int $id): bool
    {
        global $wpdb;
        return (bool) $wpdb->get_var($wpdb->prepare('SELECT 1 FROM %i WHERE key_id = %d', $wpdb->prefix . 'woocommerce_api_keys', $id));
    }

    /** The key reads as this person: who pairs, or the first administrator when a script does. */
    private static function owner(): int
    {
        if (current_user_can('manage_woocommerce')) {
            return get_current_user_id();
        }
        $admins = get_users(['role' => 'administrator', 'number' => 1, 'orderby' => 'ID', 'fields' => 'ID']);
        return (int) ($admins[0] ?? 0);
    }
}
