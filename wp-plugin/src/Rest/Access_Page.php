<?php

declare(strict_types=1);

namespace DevSkyy\Rest;

use DevSkyy\People;
use DevSkyy\Sidecar\Client;
use DevSkyy\Sidecar\Error_Hints;
use WP_Error;
use WP_REST_Request;
use WP_REST_Response;
use WP_User;

/**
 * Keys, people, sessions and machines: handed on to the sidecar in the person's name.
 *
 * Secrets and passwords pass through to the one answer that shows them; nothing here keeps or logs them.
 */
final class Access_Page
{
    private const PATH = '/api/v1/access/';
    private const MOST_PEOPLE = 200;
    private const STAFF = ['manage_options', 'manage_woocommerce', 'view_woocommerce_reports', 'edit_shop_orders'];

    /** One of the lists. */
    public static function all(WP_REST_Request $request): \stdClass|WP_Error
    {
        $answer = Client::get(self::PATH . $request['list']);
        if (!is_wp_error($answer) && $request['list'] === 'roles') {
            // The answer kept for times without the sidecar may be somebody else's.
            $answer->mine = People::role(wp_get_current_user());
        }
        return $answer;
    }

    /** WordPress users who may be given a login: staff, and the person who asks. */
    public static function people(): array
    {
        $me = wp_get_current_user();
        $found = current_user_can('list_users') ? get_users(['capability__in' => self::STAFF, 'number' => self::MOST_PEOPLE, 'orderby' => 'display_name']) : [];
        $users = array_filter([$me, ...$found], static fn (WP_User $user): bool => People::role($user) !== null);
        $items = [];
        foreach ($users as $user) {
            $items[$user->ID] = ['id' => $user->ID, 'login' => $user->user_login, 'name' => $user->display_name, 'role' => People::role($user), 'you' => $user->ID === $me->ID];
        }
        return ['ok' => true, 'items' => array_values($items)];
    }

    public static function make_key(WP_REST_Request $request): WP_REST_Response|WP_Error
    {
        return self::make($request, 'keys', ['name', 'scopes', 'days', 'networks']);
    }

    public static function make_client(WP_REST_Request $request): WP_REST_Response|WP_Error
    {
        return self::make($request, 'clients', ['name', 'scopes', 'days']);
    }

    /** A login for a WordPress user; who that is and what they may do is WordPress's word, not the browser's. */
    public static function make_user(WP_REST_Request $request): WP_REST_Response|WP_Error
    {
        $user = new WP_User((int) $request['wp_user_id']);
        $role = People::role($user);
        if ($role === null || (!current_user_can('list_users') && $user->ID !== get_current_user_id())) {
            return Error_Hints::error('invalid', 422, '', ['fields' => ['wp_user_id' => __('There is no such member of staff.', 'devskyy')]]);
        }
        $person = ['login' => mb_strtolower($user->user_login), 'person' => ['id' => $user->ID, 'role' => $role]];
        return Proxy::make($request, self::PATH . 'users', $person + ['role' => (string) $request['role']]);
    }

    /** Changes a login; what its WordPress user may have is told along, so that nothing is raised above it. */
    public static function change_user(WP_REST_Request $request): \stdClass|WP_Error
    {
        $body = array_intersect_key((array) Proxy::body($request), array_flip(['role', 'active', 'new_password']));
        $user = new WP_User((int) $request['wp_user_id']);
        $role = People::role($user);
        return Proxy::act('PATCH', self::PATH . 'users/' . $request['id'], $body + ($role === null ? [] : ['person' => ['id' => $user->ID, 'role' => $role]]));
    }

    /** Ends a key, a login, a session or a client. */
    public static function end(WP_REST_Request $request): \stdClass|WP_Error
    {
        return Proxy::act('DELETE', self::PATH . $request['list'] . '/' . $request['id']);
    }

    private static function make(WP_REST_Request $request, string $list, array $names): WP_REST_Response|WP_Error
    {
        return Proxy::make($request, self::PATH . $list, array_intersect_key((array) Proxy::body($request), array_flip($names)));
    }
}
