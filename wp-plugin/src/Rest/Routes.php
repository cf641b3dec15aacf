<?php

declare(strict_types=1);

namespace DevSkyy\Rest;

use DevSkyy\Export\Export;
use DevSkyy\Sidecar\Error_Hints;
use WP_Error;
use WP_REST_Request;

/** The routes of devskyy/v1 (docs/protocol.md, sections 5 and 9), in one table. */
final class Routes
{
    public const SPACE = 'devskyy/v1';
    private const ID = '(?P<id>[0-9a-f]{32})';
    private const AGENT = '(?P<name>[a-z0-9-]{1,80})';
    private const SMALL = 64 * 1024;
    private const LARGE = 1024 * 1024;

    public static function register(): void
    {
        self::for_pages();
        self::for_decisions();
        self::for_activity();
        self::for_access();
        self::for_stock();
        self::for_purchases();
        self::for_connections();
        self::for_connection();
        self::for_sidecar();
        add_filter('rest_post_dispatch', [self::class, 'with_hint'], 10, 3);
    }

    /** WordPress's own refusals on our routes (a missing argument, broken JSON) take the shape of all others. */
    public static function with_hint(mixed $response, mixed $server, WP_REST_Request $request): mixed
    {
        if (!$response instanceof \WP_REST_Response || !$response->is_error() || !str_starts_with($request->get_route(), '/' . self::SPACE)) {
            return $response;
        }
        $body = $response->get_data();
        if (!is_array($body) || !empty($body['data']['hint'])) {
            return $response;
        }
        $data = is_array($body['data'] ?? null) ? $body['data'] : [];
        $code = in_array($body['code'], ['rest_invalid_param', 'rest_missing_callback_param', 'rest_invalid_json'], true) ? 'invalid' : (string) $body['code'];
        $hint = $body['code'] === 'rest_invalid_json' ? __('Send one JSON object in UTF-8.', 'devskyy') : '';
        $error = Error_Hints::error($code, $response->get_status(), (string) $body['message'], [], $hint);
        $fields = self::fields($data['params'] ?? []);
        $response->set_data(['code' => $code, 'message' => $body['message'], 'data' => (array) $error->get_error_data() + ($fields === [] ? [] : ['fields' => $fields])]);
        return $response;
    }

    /** True for a list of at most 5000 ids such as `3,1,2`. */
    public static function are_ids(mixed $value): bool
    {
        return is_string($value) && strlen($value) < 100_000 && preg_match('/^\d+(,\d+)*$/', $value) === 1 && substr_count($value, ',') < 5000;
    }

    private static function for_pages(): void
    {
        $staff = [Access::class, 'staff'];
        self::add('GET', '/proposals', [Proposals::class, 'all'], $staff, [
            'state' => self::text(200),
            'family' => self::text(80),
            'agent' => self::text(80),
            'risk' => self::text(40),
            'q' => self::text(200),
            'sort' => self::text(40),
            'limit' => self::number(1, 100),
            'page' => self::number(1, 100000),
        ]);
        self::add('GET', '/proposals/' . self::ID, [Proposals::class, 'one'], $staff);
        self::add('GET', '/agents', [Proxy::class, 'agents'], $staff);
        self::add('POST', '/agents/' . self::AGENT . '/settings', [Proxy::class, 'agent_settings'], $staff);
        self::add('POST', '/agents/' . self::AGENT . '/runs', [Proxy::class, 'start_run'], $staff, [], self::LARGE);
        self::add('GET', '/runs', [Proxy::class, 'runs'], $staff, ['agent' => self::text(80), 'state' => self::text(80), 'limit' => self::number(1, 100), 'cursor' => self::text(200)]);
        self::add('GET', '/runs/' . self::ID, [Proxy::class, 'run'], $staff);
        self::add('POST', '/runs/' . self::ID . '/cancel', [Proxy::class, 'cancel_run'], $staff);
        self::add('GET', '/status', [Status::class, 'show'], $staff);
        self::add('POST', '/status/sync', [Status::class, 'sync'], $staff, ['full' => ['type' => 'boolean', 'default' => false] + self::checks()]);
        self::add('POST', '/status/drain', [Status::class, 'drain'], $staff);
        self::add('POST', '/status/settle', [Status::class, 'settle'], $staff);
        self::add('POST', '/status/parked/(?P<seq>\d{1,18})/retry', [Status::class, 'retry_parked'], $staff);
        self::add('POST', '/status/parked/(?P<seq>\d{1,18})/drop', [Status::class, 'drop_parked'], $staff);
        self::add('POST', '/jobs/(?P<id>[A-Za-z0-9-]{1,64})/retry', [Status::class, 'retry_job'], $staff);
    }

    private static function for_decisions(): void
    {
        $person = [Access::class, 'decide'];
        $until = ['type' => 'string', 'format' => 'date-time'] + self::checks();
        self::add('POST', '/proposals/' . self::ID . '/approve', [Decisions::class, 'approve'], $person, ['digest' => self::digest(true)]);
        self::add('POST', '/proposals/' . self::ID . '/reject', [Decisions::class, 'reject'], $person, ['reason' => self::text(1000)]);
        self::add('POST', '/proposals/' . self::ID . '/snooze', [Decisions::class, 'snooze'], $person, ['until' => ['required' => true] + $until]);
        self::add('POST', '/proposals/' . self::ID . '/undo', [Decisions::class, 'undo'], $person);
        self::add('POST', '/proposals/bulk', [Decisions::class, 'bulk'], $person, [
            'action' => ['required' => true, 'type' => 'string', 'enum' => ['approve', 'reject', 'snooze', 'undo']] + self::checks(),
            'items' => ['required' => true, 'type' => 'array', 'minItems' => 1, 'maxItems' => 25, 'items' => [
                'type' => 'object',
                'properties' => ['id' => ['type' => 'string', 'pattern' => '^[0-9a-f]{32}$', 'required' => true], 'digest' => ['type' => 'string', 'pattern' => '^[0-9a-f]{64}$']],
            ]] + self::checks(),
            'until' => $until,
            'reason' => self::text(1000),
        ]);
    }

    private static function for_activity(): void
    {
        $staff = [Access::class, 'staff'];
        $time = ['type' => 'string', 'format' => 'date-time'] + self::checks();
        $filters = ['action' => self::text(1000), 'target' => self::text(200), 'person' => self::text(80), 'request_id' => self::text(64), 'since' => $time, 'until' => $time, 'q' => self::text(100)];
        $filters += ['failed' => ['type' => 'string', 'enum' => ['true', 'false']] + self::checks()];
        self::add('GET', '/audit', [Activity::class, 'all'], $staff, $filters + ['limit' => self::number(1, 200), 'cursor' => self::text(200)]);
        self::add('GET', '/audit/summary', [Activity::class, 'summary'], $staff, ['since' => $time, 'until' => $time]);
        self::add('GET', '/audit/export', [Activity::class, 'export'], $staff, $filters);
    }

    /** Only for a person in front of wp-admin: a key must not be the way to the next key. */
    private static function for_access(): void
    {
        $person = [Access::class, 'decide'];
        self::add('GET', '/access/(?P<list>roles|keys|users|sessions|clients)', [Access_Page::class, 'all'], $person);
        self::add('GET', '/access/people', [Access_Page::class, 'people'], $person);
        self::add('POST', '/access/keys', [Access_Page::class, 'make_key'], $person);
        self::add('POST', '/access/clients', [Access_Page::class, 'make_client'], $person);
        self::add('POST', '/access/users', [Access_Page::class, 'make_user'], $person, ['wp_user_id' => ['required' => true] + self::number(1, PHP_INT_MAX), 'role' => ['required' => true] + self::text(20)]);
        self::add('PATCH', '/access/users/(?P<id>[0-9a-f]{32})', [Access_Page::class, 'change_user'], $person, ['wp_user_id' => self::number(0, PHP_INT_MAX)]);
        self::add('DELETE', '/access/(?P<list>keys|users|sessions|clients)/(?P<id>[0-9a-f]{16,32})', [Access_Page::class, 'end'], $person);
    }

    /** Who manages the shop reads; suppliers, orders and levels are changed by a person in front of wp-admin. */
    private static function for_stock(): void
    {
        [$staff, $person] = [[Access::class, 'staff'], [Access::class, 'decide']];
        [$item, $id, $lies] = ['(?P<item>\d{1,18})', '(?P<id>[A-Za-z0-9_-]{1,64})', 'locations/[0-9a-f]{32}/stock'];
        $level = ['type' => ['integer', 'null'], 'minimum' => 0, 'maximum' => 1_000_000] + self::checks();
        $view = ['state' => ['type' => 'string', 'enum' => ['order', 'dead', 'all']] + self::checks(), 'search' => self::text(100), 'limit' => self::number(1, 100), 'cursor' => self::text(20)];
        self::add('GET', '/inventory', [Stock_Page::class, 'first'], $staff, $view);
        self::add('GET', '/inventory/items', [Stock_Page::class, 'items'], $staff, $view);
        self::add('GET', "/inventory/items/$item", [Stock_Page::class, 'item'], $staff);
        self::add('POST', "/inventory/items/$item/low-stock", [Stock_Page::class, 'low_stock'], $person, ['was' => $level, 'to' => $level]);
        self::add('GET', "/inventory/(?P<list>suppliers|supplies|overrides|locations|purchase-orders|defaults|$lies)", [Stock_Page::class, 'all'], $staff, ['item_id' => self::number(1, PHP_INT_MAX), 'supplier_id' => self::text(64), 'state' => self::text(80), 'limit' => self::number(1, 200), 'cursor' => self::text(200)]);
        self::add('POST', '/inventory/(?P<list>suppliers|overrides|locations|purchase-orders)', [Stock_Page::class, 'make'], $person, [], self::LARGE);
        self::add('GET', "/inventory/(?P<list>suppliers|supplies|purchase-orders)/$id", [Stock_Page::class, 'one'], $staff);
        self::add('PUT', "/inventory/(?P<list>suppliers|supplies|locations|purchase-orders|$lies)/$id", [Stock_Page::class, 'change'], $person, [], self::LARGE);
        self::add('DELETE', "/inventory/(?P<list>suppliers|overrides|locations|purchase-orders)/$id", [Stock_Page::class, 'end'], $person);
        self::add('PUT', '/inventory/defaults', [Stock_Page::class, 'change_defaults'], $person);
        self::add('GET', "/inventory/purchase-orders/$id/mail", [Stock_Page::class, 'mail'], $person);
        self::add('POST', "/inventory/purchase-orders/$id/(?P<step>mark-sent|reopen)", [Stock_Page::class, 'step'], $person);
        self::add('POST', "/inventory/(?P<list>supplies|$lies)/import", [Stock_Page::class, 'import'], $person, [], 4 * self::LARGE);
        self::add('GET', "/inventory/(?P<file>supplies\.csv|$lies\.csv|purchase-orders/[A-Za-z0-9_-]{1,64}/(?:csv|pdf))", [Stock_Page::class, 'file'], $staff);
    }

    /** A mail to the supplier and goods that arrived: a person's press in front of wp-admin, and nothing else. */
    private static function for_purchases(): void
    {
        $person = [Access::class, 'decide'];
        $order = '/inventory/purchase-orders/' . self::ID;
        $hex = ['type' => 'string', 'pattern' => '^[0-9a-f]{32}$'] + self::checks();
        $line = ['type' => 'object', 'additionalProperties' => false, 'properties' => [
            'item_id' => ['type' => 'integer', 'minimum' => 1, 'required' => true],
            'quantity' => ['type' => 'integer', 'minimum' => 1, 'maximum' => 1_000_000, 'required' => true],
        ]];
        self::add('POST', "$order/send", [Purchase_Orders::class, 'send'], $person, ['digest' => self::digest(true), 'to' => ['required' => true] + self::text(254), 'subject' => self::text(200), 'text' => self::text(10_000)]);
        self::add('POST', "$order/receive", [Purchase_Orders::class, 'receive'], $person, [
            'key' => $hex,
            'lines' => ['required' => true, 'type' => 'array', 'minItems' => 1, 'maxItems' => 500, 'items' => $line] + self::checks(),
            'over' => ['type' => 'boolean', 'default' => false] + self::checks(),
        ]);
    }

    /** Only for a person in front of wp-admin: what opens other services is theirs to give. */
    private static function for_connections(): void
    {
        $person = [Access::class, 'decide'];
        [$service, $webhook] = ['/connections/services', '/connections/webhooks'];
        [$one, $hook] = [$service . '/' . self::ID, $webhook . '/' . self::ID];
        self::add('GET', $service, [Connections::class, 'services'], $person);
        self::add('POST', $service, [Connections::class, 'add_service'], $person);
        self::add('PATCH', $one, [Connections::class, 'change_service'], $person);
        self::add('DELETE', $one, [Connections::class, 'end_service'], $person);
        self::add('POST', "$one/authorize", [Connections::class, 'authorize_service'], $person);
        self::add('POST', "$one/check", [Connections::class, 'check_service'], $person);
        self::add('GET', $webhook, [Connections::class, 'webhooks'], $person);
        self::add('GET', '/connections/events', [Connections::class, 'events'], $person);
        self::add('POST', $webhook, [Connections::class, 'subscribe'], $person);
        self::add('PATCH', $hook, [Connections::class, 'change_webhook'], $person);
        self::add('DELETE', $hook, [Connections::class, 'end_webhook'], $person);
        self::add('POST', "$hook/secret", [Connections::class, 'new_secret'], $person);
        self::add('POST', "$hook/test", [Connections::class, 'test_webhook'], $person);
        self::add('GET', "$hook/messages", [Connections::class, 'messages'], $person, ['state' => self::text(20), 'limit' => self::number(1, 100), 'cursor' => self::number(1, PHP_INT_MAX)]);
        self::add('POST', "$hook/messages/(?P<message>[0-9a-f]{32})/redeliver", [Connections::class, 'redeliver'], $person);
    }

    private static function for_connection(): void
    {
        $admin = [Access::class, 'connect'];
        self::add('POST', '/pairing', [Status::class, 'pair'], $admin, ['url' => self::text(500), 'code' => self::text(40)]);
        self::add('DELETE', '/pairing', [Status::class, 'unpair'], $admin);
        self::add('POST', '/pairing/site', [Status::class, 'site'], $admin, ['decision' => ['required' => true, 'type' => 'string', 'enum' => ['moved', 'forget']] + self::checks()]);
    }

    private static function for_sidecar(): void
    {
        $sidecar = [Access::class, 'sidecar'];
        $resource = ['required' => true, 'type' => 'string', 'enum' => Export::RESOURCES] + self::checks();
        $after = ['type' => 'integer', 'minimum' => 0, 'default' => 0] + self::checks();
        self::add('GET', '/shop', [Signed::class, 'shop'], $sidecar);
        self::add('GET', '/export', [Signed::class, 'export'], $sidecar, [
            'resource' => $resource,
            'after' => $after,
            'limit' => ['default' => 2000] + self::number(1, 5000),
            'ids' => ['type' => 'string', 'validate_callback' => [self::class, 'are_ids'], 'sanitize_callback' => 'rest_sanitize_request_arg'],
            'modified_after' => ['type' => 'string', 'format' => 'date-time'] + self::checks(),
        ]);
        self::add('GET', '/export/ids', [Signed::class, 'ids'], $sidecar, ['resource' => $resource, 'after' => $after, 'limit' => ['default' => 50000] + self::number(1, 50000)]);
        self::add('GET', '/ledger', [Signed::class, 'ledger'], $sidecar, ['proposal' => ['required' => true] + self::text(64)]);
    }

    private static function add(string $method, string $path, callable $callback, callable $permission, array $args = [], int $most = self::SMALL): void
    {
        register_rest_route(self::SPACE, $path, [
            'methods' => $method,
            'callback' => static fn (WP_REST_Request $request) => self::answer($callback, $request, $most),
            'permission_callback' => $permission,
            'args' => $args,
        ]);
    }

    private static function answer(callable $callback, WP_REST_Request $request, int $most): mixed
    {
        if (strlen((string) $request->get_body()) > $most) {
            return Error_Hints::error('too_large', 413);
        }
        // The host lets a body's `id` go before the one in the address; what a route is about is in its address.
        foreach ($request->get_url_params() as $name => $value) {
            $request->set_param($name, $value);
        }
        try {
            $answer = $callback($request);
        } catch (\Throwable $error) {
            wc_get_logger()->error($error->getMessage() . ' in ' . $error->getFile() . ':' . $error->getLine(), ['source' => 'devskyy']);
            $answer = Error_Hints::error('internal', 500);
        }
        if (is_wp_error($answer)) {
            return self::for_browser($answer);
        }
        $response = rest_ensure_response($answer);
        $response->header('Cache-Control', 'no-store');
        return $response;
    }

    /** A 401 would tell the browser that its own session ended; what the sidecar refuses is our trouble. */
    private static function for_browser(WP_Error $error): WP_Error
    {
        $data = (array) $error->get_error_data();
        if (($data['status'] ?? 0) === 401) {
            $error->add_data(['status' => 502] + $data);
        }
        return $error;
    }

    /** @return array<string, string> Complaints by argument; WordPress lists missing ones by name only. */
    private static function fields(array $params): array
    {
        return array_is_list($params) ? array_fill_keys($params, __('This is needed.', 'devskyy')) : $params;
    }

    private static function text(int $longest): array
    {
        return ['type' => 'string', 'maxLength' => $longest] + self::checks();
    }

    private static function number(int $least, int $most): array
    {
        return ['type' => 'integer', 'minimum' => $least, 'maximum' => $most] + self::checks();
    }

    private static function digest(bool $required): array
    {
        return ['required' => $required, 'type' => 'string', 'pattern' => '^[0-9a-f]{64}$'] + self::checks();
    }

    private static function checks(): array
    {
        return ['validate_callback' => 'rest_validate_request_arg', 'sanitize_callback' => 'rest_sanitize_request_arg'];
    }
}
