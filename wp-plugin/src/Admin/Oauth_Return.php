<?php

declare(strict_types=1);

namespace DevSkyy\Admin;

use DevSkyy\Sidecar\Client;
use DevSkyy\Sidecar\Error_Hints;

/**
 * The way back from a service that a person let DevSkyy into (OAuth 2, authorization code).
 *
 * The code goes to the sidecar before anything is drawn and the browser goes on to the page's plain address, so that it stands neither in the
 * history nor in the page. Whether the return is one that was begun, lately and by this person, its state tells the sidecar.
 */
final class Oauth_Return
{
    private const NAMES = ['state' => 200, 'code' => 4000, 'error' => 200, 'iss' => 400];
    private const SHOWN_SECONDS = 300;
    private const TIMEOUT = 30;

    /** The address to enter at the service as the redirect address. */
    public static function url(): string
    {
        return Menu::urls()['connections'];
    }

    /** Takes a return when there is one, and goes on to the page. */
    public static function take(): void
    {
        $given = self::given();
        if ($given === [] || !current_user_can('manage_woocommerce')) {
            return;
        }
        set_transient(self::key(), self::finish($given), self::SHOWN_SECONDS);
        nocache_headers();
        wp_safe_redirect(self::url());
        exit;
    }

    /** How the last return went, told once: `{ok, id?, name?, error?}`. */
    public static function result(): ?array
    {
        $result = get_transient(self::key());
        delete_transient(self::key());
        return is_array($result) ? $result : null;
    }

    /** @return array<string, string> What the service added to the address; empty when this is no return. */
    private static function given(): array
    {
        $given = [];
        foreach (self::NAMES as $name => $longest) {
            $value = $_GET[$name] ?? ''; // phpcs:ignore WordPress.Security.NonceVerification, WordPress.Security.ValidatedSanitizedInput -- the state is this request's nonce; the sidecar checks it
            if (is_string($value) && $value !== '' && strlen($value) <= $longest) {
                $given[$name] = (string) wp_unslash($value);
            }
        }
        return array_diff_key($given, ['iss' => 1]) === [] ? [] : $given;
    }

    private static function finish(array $given): array
    {
        if (!preg_match('/^([0-9a-f]{32})\.[\w-]{20,100}$/D', $given['state'] ?? '', $found)) {
            return ['ok' => false, 'error' => self::unknown()];
        }
        $path = "/api/v1/integrations/$found[1]/callback";
        $answer = Client::request('POST', $path, [], (object) $given, ['person' => true, 'timeout' => self::TIMEOUT, 'force' => true]);
        if (!is_wp_error($answer)) {
            return ['ok' => true, 'id' => $found[1], 'name' => (string) ($answer->integration->name ?? '')];
        }
        $denied = $answer->get_error_code() === 'authorization_refused' && ($given['error'] ?? '') === 'access_denied';
        return ['ok' => false, 'id' => $found[1], 'error' => $denied ? self::denied() : Error_Hints::block($answer)];
    }

    /** @return array{code: string, message: string, hint: string} */
    private static function unknown(): array
    {
        return [
            'code' => 'state_unknown',
            'message' => __('No connection to it was under way.', 'devskyy'),
            'hint' => __('Press Connect at the service in the list: each start is good for one return.', 'devskyy'),
        ];
    }

    /** @return array{code: string, message: string, hint: string} */
    private static function denied(): array
    {
        return [
            'code' => 'authorization_refused',
            'message' => __('Access was denied there.', 'devskyy'),
            'hint' => __('Nothing has changed. Press Connect again when you want to let DevSkyy in.', 'devskyy'),
        ];
    }

    private static function key(): string
    {
        return 'devskyy_returned_' . get_current_user_id();
    }
}
