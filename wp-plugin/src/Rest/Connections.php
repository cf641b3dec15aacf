<?php

declare(strict_types=1);

namespace DevSkyy\Rest;

use DevSkyy\Admin\Oauth_Return;
use DevSkyy\Sidecar\Client;
use WP_Error;
use WP_REST_Request;
use WP_REST_Response;

/**
 * Connected services and webhooks: handed on to the sidecar in the person's name.
 *
 * Credentials pass through on their way in, a webhook's secret to the one answer that shows it; nothing here keeps or logs them.
 */
final class Connections
{
    private const SERVICES = '/api/v1/integrations';
    private const WEBHOOKS = '/api/v1/webhooks';
    /** Seconds for what waits for somebody else's server. */
    private const PATIENCE = ['timeout' => 30];

    public static function services(): \stdClass|WP_Error
    {
        return Client::get(self::SERVICES);
    }

    public static function add_service(WP_REST_Request $request): WP_REST_Response|WP_Error
    {
        $names = ['provider', 'name', 'base_url', 'health_path', 'rate_per_minute', 'api_key', 'basic', 'oauth2'];
        return Proxy::make($request, self::SERVICES, self::given($request, $names));
    }

    public static function change_service(WP_REST_Request $request): \stdClass|WP_Error
    {
        $names = ['name', 'health_path', 'rate_per_minute', 'api_key', 'basic', 'oauth2'];
        return Proxy::act('PATCH', self::service($request), self::given($request, $names));
    }

    public static function end_service(WP_REST_Request $request): \stdClass|WP_Error
    {
        return Proxy::act('DELETE', self::service($request), null, self::PATIENCE);
    }

    /** The provider's address; the way back is this shop's page and nothing that the browser names. */
    public static function authorize_service(WP_REST_Request $request): \stdClass|WP_Error
    {
        return Proxy::act('POST', self::service($request) . '/authorize', ['redirect_uri' => Oauth_Return::url()]);
    }

    public static function check_service(WP_REST_Request $request): \stdClass|WP_Error
    {
        return Proxy::act('POST', self::service($request) . '/check', null, self::PATIENCE);
    }

    public static function webhooks(): \stdClass|WP_Error
    {
        return Client::get(self::WEBHOOKS . '/list');
    }

    public static function events(): \stdClass|WP_Error
    {
        return Client::get(self::WEBHOOKS . '/events');
    }

    public static function subscribe(WP_REST_Request $request): WP_REST_Response|WP_Error
    {
        return Proxy::make($request, self::WEBHOOKS . '/subscribe', self::given($request, ['url', 'events', 'description', 'rate_per_minute']));
    }

    public static function change_webhook(WP_REST_Request $request): \stdClass|WP_Error
    {
        $body = self::given($request, ['url', 'events', 'description', 'rate_per_minute', 'state']);
        return Proxy::act('PATCH', self::webhook($request), $body);
    }

    public static function end_webhook(WP_REST_Request $request): \stdClass|WP_Error
    {
        return Proxy::act('DELETE', self::webhook($request));
    }

    public static function new_secret(WP_REST_Request $request): WP_REST_Response|WP_Error
    {
        return Proxy::make($request, self::webhook($request) . '/secret', null, 200);
    }

    public static function test_webhook(WP_REST_Request $request): WP_REST_Response|WP_Error
    {
        return self::accepted(Proxy::act('POST', self::WEBHOOKS . '/test', ['id' => $request['id']]));
    }

    /** Only the first page is kept for times without the sidecar: the others would crowd everything else out. */
    public static function messages(WP_REST_Request $request): \stdClass|WP_Error
    {
        $path = self::webhook($request) . '/deliveries';
        $query = Proxy::query($request, ['state', 'limit', 'cursor']);
        $first = array_diff_key($query, ['limit' => 1]) === [];
        return $first ? Client::get($path, $query) : Client::request('GET', $path, $query, null, ['person' => true]);
    }

    public static function redeliver(WP_REST_Request $request): WP_REST_Response|WP_Error
    {
        return self::accepted(Proxy::act('POST', self::webhook($request) . '/deliveries/' . $request['message'] . '/redeliver'));
    }

    private static function service(WP_REST_Request $request): string
    {
        return self::SERVICES . '/' . $request['id'];
    }

    private static function webhook(WP_REST_Request $request): string
    {
        return self::WEBHOOKS . '/' . $request['id'];
    }

    private static function given(WP_REST_Request $request, array $names): array
    {
        return array_intersect_key((array) Proxy::body($request), array_flip($names));
    }

    private static function accepted(\stdClass|WP_Error $answer): WP_REST_Response|WP_Error
    {
        return is_wp_error($answer) ? $answer : new WP_REST_Response($answer, 202);
    }
}
