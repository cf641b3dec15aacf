<?php

declare(strict_types=1);

namespace DevSkyy\Sidecar;

/**
 * The stored pairing: where the sidecar is, who this shop is to it, and the sealed secrets.
 *
 * Option `devskyy_connection` = {url, shop_id, secret, hash_key, home, paired_at, sidecar_version, wc_key_id}.
 */
final class Connection
{
    private const OPTION = 'devskyy_connection';

    /** @return array<string, mixed> Empty when the shop is not paired. */
    public static function get(): array
    {
        $stored = get_option(self::OPTION);
        return is_array($stored) ? $stored : [];
    }

    /** @param array<string, mixed> $connection With `secret` and `hash_key` in the clear (raw bytes); they are sealed here. */
    public static function save(array $connection): void
    {
        foreach (['secret', 'hash_key'] as $name) {
            $connection[$name] = Seal::close($connection[$name], $name);
        }
        update_option(self::OPTION, $connection);
    }

    /** Changes unsealed parts of the pairing. */
    public static function update(array $parts): void
    {
        update_option(self::OPTION, $parts + self::get());
    }

    public static function forget(): void
    {
        delete_option(self::OPTION);
    }

    public static function paired(): bool
    {
        return self::get() !== [];
    }

    /** True when the site's address is not the pinned one: a copy, or a shop that moved. Everything stops until a person says which. */
    public static function halted(): bool
    {
        $pinned = self::get()['home'] ?? null;
        return $pinned !== null && $pinned !== self::home();
    }

    public static function usable(): bool
    {
        return self::paired() && !self::halted();
    }

    /** The address of the sidecar without a trailing slash; the constant goes before what is stored. */
    public static function url(): string
    {
        $url = defined('DEVSKYY_SIDECAR_URL') ? (string) constant('DEVSKYY_SIDECAR_URL') : (string) (self::get()['url'] ?? get_option('devskyy_sidecar_url', ''));
        return untrailingslashit(trim($url));
    }

    public static function shop_id(): string
    {
        return (string) (self::get()['shop_id'] ?? '');
    }

    /** The 32 bytes that sign, or null when unpaired or when the salts have changed. */
    public static function secret(): ?string
    {
        return self::opened('secret');
    }

    /** The key of the e-mail hash. */
    public static function hash_key(): ?string
    {
        return self::opened('hash_key');
    }

    /** Made once and kept, over pairings too: the sidecar knows a returning shop by it. */
    public static function site_id(): string
    {
        $id = (string) get_option('devskyy_site_id', '');
        if ($id === '') {
            $id = wp_generate_uuid4();
            update_option('devskyy_site_id', $id);
        }
        return $id;
    }

    public static function home(): string
    {
        // The option and not home_url(): language plugins filter the latter per request, and its scheme follows the visitor's.
        return untrailingslashit((string) get_option('home'));
    }

    /** Tells administrators on the plugin's own pages that the site is not where it was paired. */
    public static function watch_home(): void
    {
        add_action('admin_notices', static function (): void {
            $screen = get_current_screen();
            if (self::halted() && $screen !== null && str_contains($screen->id, 'devskyy')) {
                $text = Error_Hints::block(Error_Hints::error('site_changed', 409));
                wp_admin_notice(esc_html($text['message'] . ' ' . $text['hint']), ['type' => 'warning']);
            }
        });
    }

    private static function opened(string $name): ?string
    {
        $sealed = self::get()[$name] ?? '';
        return $sealed === '' ? null : Seal::open($sealed, $name);
    }
}
