<?php

declare(strict_types=1);

namespace DevSkyy\Sidecar;

use DevSkyy\Events\Drain;
use DevSkyy\Events\Outbox;
use DevSkyy\People;
use DevSkyy\Requirements;
use DevSkyy\Shop;
use DevSkyy\Tick;
use DevSkyy\Time;
use WP_Error;

/** Joins this shop and one sidecar, and parts them again (docs/protocol.md, section 3). */
final class Pairing
{
    public const MIN_SIDECAR = '0.1.0';
    private const PATH = '/api/v1/pairing';

    public static function with_code(string $url, string $code): bool|WP_Error
    {
        $code = strtoupper(trim($code));
        if ($code === '') {
            return Error_Hints::error('pairing_code_wrong', 400);
        }
        return self::pair($url, ['code' => $code], '');
    }

    /** Pairs with a shared key; empty arguments take the constants of wp-config.php. */
    public static function with_key(string $url = '', string $key = ''): bool|WP_Error
    {
        $key = $key !== '' ? $key : self::configured_key();
        if ($key === '') {
            return Error_Hints::error('pairing_key_missing', 409);
        }
        $bytes = Signature::decode($key);
        return strlen($bytes) < 32 ? Error_Hints::error('pairing_key_invalid', 409) : self::pair($url, [], $bytes);
    }

    /** Pairs by itself where wp-config.php names sidecar and key; tries again each minute at most. */
    public static function by_configuration(): void
    {
        if (Connection::paired() || !defined('DEVSKYY_SIDECAR_URL') || self::configured_key() === '' || get_transient('devskyy_pair_tried')) {
            return;
        }
        set_transient('devskyy_pair_tried', 1, MINUTE_IN_SECONDS);
        $done = self::with_key();
        is_wp_error($done) ? update_option('devskyy_pair_error', Error_Hints::block($done), false) : delete_option('devskyy_pair_error');
    }

    /** Tells the sidecar and forgets it. Parts on this side even when the sidecar is away; then the answer is its error. */
    public static function unpair(): bool|WP_Error
    {
        $told = Client::request('DELETE', self::PATH, [], null, ['person' => true, 'force' => true]);
        self::forget();
        return is_wp_error($told) ? $told : true;
    }

    /** Answers the question a changed address asks: the shop moved, or this is a copy that must forget. */
    public static function site(string $decision): bool|WP_Error
    {
        if ($decision === 'forget') {
            // A copy must not end the pairing of the shop it was copied from, so the sidecar is not told.
            self::forget(false);
            return true;
        }
        $answer = Client::request('POST', self::PATH . '/site', [], ['decision' => 'moved'], ['person' => true, 'moved' => true, 'force' => true]);
        if (is_wp_error($answer)) {
            return $answer;
        }
        Connection::update(['home' => Connection::home()]);
        Drain::soon();
        return true;
    }

    /** Checks an address before anything is stored or sent: a sidecar of a fitting version must answer there. */
    public static function check_url(string $url): bool|WP_Error
    {
        if ($url === '') {
            return Error_Hints::error('url_missing', 400);
        }
        $parts = wp_parse_url($url);
        $plain = is_array($parts) && in_array($parts['scheme'] ?? '', ['http', 'https'], true) && !empty($parts['host']);
        if (!$plain || isset($parts['user']) || isset($parts['query']) || isset($parts['fragment'])) {
            return Error_Hints::error('url_invalid', 400);
        }
        $health = Client::send($url, 'GET', '/health', '', '', ['force' => true]);
        if (is_wp_error($health)) {
            return $health;
        }
        return isset($health->version) ? self::check_version((string) $health->version) : Error_Hints::error('not_a_sidecar', 502);
    }

    private static function pair(string $url, array $proof, string $key): bool|WP_Error
    {
        $url = defined('DEVSKYY_SIDECAR_URL') ? Connection::url() : untrailingslashit(trim($url !== '' ? $url : Connection::url()));
        $ready = self::shop_ready() ?? self::check_url($url);
        if (is_wp_error($ready)) {
            return $ready;
        }
        $wc_key = Wc_Key::create();
        $body = $proof + Shop::describe() + ['woocommerce_key' => ['key' => $wc_key['key'], 'secret' => $wc_key['secret']]];
        $json = (string) wp_json_encode($body, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
        $more = ['site' => Connection::site_id(), 'home' => Connection::home()];
        $token = $key === '' ? '' : Signature::token(Signature::claims('plugin', 'pairing', 'POST', self::PATH, $json, $more), $key);
        $answer = Client::send($url, 'POST', self::PATH, $json, $token, ['force' => true]);
        $stored = is_wp_error($answer) ? $answer : self::store($url, $answer, $wc_key['id']);
        if (is_wp_error($stored)) {
            Wc_Key::remove($wc_key['id']);
        }
        return $stored;
    }

    private static function store(string $url, \stdClass $answer, int $wc_key_id): bool|WP_Error
    {
        $secret = Signature::decode((string) ($answer->secret ?? ''));
        $hash_key = Signature::decode((string) ($answer->hash_key ?? ''));
        if (empty($answer->shop_id) || strlen($secret) < 32 || $hash_key === '') {
            return Error_Hints::error('not_a_sidecar', 502);
        }
        $versions = self::check_version((string) ($answer->sidecar->version ?? ''), (string) ($answer->sidecar->min_plugin ?? ''));
        if (is_wp_error($versions)) {
            return $versions;
        }
        $before = Connection::get();
        Wc_Key::remove((int) ($before['wc_key_id'] ?? 0));
        if (($before['shop_id'] ?? $answer->shop_id) !== $answer->shop_id) {
            Outbox::clear();
        }
        Connection::save([
            'url' => $url,
            'shop_id' => (string) $answer->shop_id,
            'secret' => $secret,
            'hash_key' => $hash_key,
            'home' => Connection::home(),
            'paired_at' => Time::now(),
            'sidecar_version' => (string) $answer->sidecar->version,
            'wc_key_id' => $wc_key_id,
        ]);
        delete_option('devskyy_pair_error');
        Tick::schedule();
        People::everybody();
        Drain::soon();
        return true;
    }

    private static function forget(bool $ours = true): void
    {
        // The key of a copied database is a copy too: removing it here does not touch the original's.
        Wc_Key::remove((int) (Connection::get()['wc_key_id'] ?? 0));
        Connection::forget();
        Answers::forget();
        Outbox::clear();
        delete_option('devskyy_agents');
        if (!$ours) {
            delete_option('devskyy_site_id');
        }
    }

    /** What on this side would make a pairing useless, or null. */
    private static function shop_ready(): ?WP_Error
    {
        $missing = Requirements::missing();
        if ($missing !== null) {
            return Error_Hints::error($missing, 409, Requirements::message($missing));
        }
        if ((string) get_option('permalink_structure') === '') {
            return Error_Hints::error('permalinks_off', 409);
        }
        return self::rest_blocked() ? Error_Hints::error('rest_blocked', 409) : null;
    }

    /** Asks WordPress as an anonymous visitor, since the usual "disable the REST API" plugins let signed-in people through. */
    private static function rest_blocked(): bool
    {
        $user = get_current_user_id();
        wp_set_current_user(0);
        // WordPress's own check of the cookie's nonce is about the person who connects, and fails for a visitor.
        $checked = remove_filter('rest_authentication_errors', 'rest_cookie_check_errors', 100);
        // phpcs:ignore WordPress.NamingConventions -- WordPress's own filter
        $blocked = is_wp_error(apply_filters('rest_authentication_errors', null)) || !apply_filters('rest_enabled', true);
        $checked && add_filter('rest_authentication_errors', 'rest_cookie_check_errors', 100);
        wp_set_current_user($user);
        return $blocked;
    }

    private static function check_version(string $sidecar, string $min_plugin = '0'): bool|WP_Error
    {
        $fits = version_compare($sidecar, self::MIN_SIDECAR, '>=') && version_compare(DEVSKYY_VERSION, $min_plugin, '>=');
        /* translators: 1: version of this plugin, 2: version of the sidecar */
        return $fits ? true : Error_Hints::error('version_unsupported', 426, sprintf(__('Plugin %1$s and sidecar %2$s do not fit together.', 'devskyy'), DEVSKYY_VERSION, $sidecar));
    }

    private static function configured_key(): string
    {
        if (defined('DEVSKYY_PAIRING_KEY')) {
            return trim((string) constant('DEVSKYY_PAIRING_KEY'));
        }
        $file = defined('DEVSKYY_PAIRING_KEY_FILE') ? (string) constant('DEVSKYY_PAIRING_KEY_FILE') : '';
        return $file !== '' && is_readable($file) ? trim((string) file_get_contents($file)) : '';
    }
}
