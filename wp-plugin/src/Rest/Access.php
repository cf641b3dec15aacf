<?php

declare(strict_types=1);

namespace DevSkyy\Rest;

use DevSkyy\Events\Drain;
use DevSkyy\Sidecar\Connection;
use DevSkyy\Sidecar\Error_Hints;
use DevSkyy\Sidecar\Pairing;
use DevSkyy\Sidecar\Signature;
use WP_Error;
use WP_REST_Request;

/** Who may call which route. */
final class Access
{
    /** Shop staff, however they signed in. */
    public static function staff(): bool|WP_Error
    {
        return current_user_can('manage_woocommerce') ? true : Error_Hints::error('not_allowed', is_user_logged_in() ? 403 : 401);
    }

    /** A person in front of wp-admin: shop staff by cookie session and nonce. Application passwords and other keys cannot decide. */
    public static function decide(WP_REST_Request $request): bool|WP_Error
    {
        $staff = self::staff();
        if (is_wp_error($staff)) {
            return $staff;
        }
        $nonce = (string) $request->get_header('X-WP-Nonce');
        $by_cookie = wp_validate_auth_cookie('', 'logged_in') === get_current_user_id();
        $by_password = rest_get_authenticated_app_password() !== null;
        return $by_cookie && !$by_password && wp_verify_nonce($nonce, 'wp_rest') ? true : Error_Hints::error('session_required', 403);
    }

    /** Who may connect and disconnect the shop. */
    public static function connect(WP_REST_Request $request): bool|WP_Error
    {
        return current_user_can('manage_options') ? self::decide($request) : Error_Hints::error('not_allowed', is_user_logged_in() ? 403 : 401);
    }

    /**
     * The paired sidecar, by its signature.
     *
     * Its routes only read, so used token ids need no remembering here: a token lives a minute and gives the same answer again.
     */
    public static function sidecar(WP_REST_Request $request): bool|WP_Error
    {
        if (!Connection::paired()) {
            return Error_Hints::error('shop_unpaired', 401);
        }
        if (Connection::halted()) {
            return Error_Hints::error('site_changed', 409);
        }
        $key = Connection::secret();
        if ($key === null) {
            return Error_Hints::error('secret_unreadable', 401);
        }
        if (!preg_match('/^Bearer\s+(\S+)$/i', trim((string) $request->get_header('Authorization')), $found)) {
            return Error_Hints::error('signature_missing', 401);
        }
        $query = array_filter($request->get_query_params(), 'is_scalar');
        unset($query['rest_route']);
        $path = Signature::canonical_path($request->get_route(), $query);
        $claims = Signature::verify($found[1], $key, Connection::shop_id(), $request->get_method(), $path, (string) $request->get_body());
        if (is_wp_error($claims)) {
            return $claims;
        }
        $version = (string) $request->get_header('X-DevSkyy-Version');
        if ($version !== '' && version_compare($version, Pairing::MIN_SIDECAR, '<')) {
            return Error_Hints::error('version_unsupported', 426);
        }
        // Who asks is up: what waits in the outbox need not wait longer.
        Drain::reset();
        return true;
    }
}
