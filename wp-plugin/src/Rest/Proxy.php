<?php

declare(strict_types=1);

namespace DevSkyy\Rest;

use DevSkyy\Sidecar\Agents;
use DevSkyy\Sidecar\Client;
use WP_Error;
use WP_REST_Request;

/** Agents and runs: handed on to the sidecar with the person's name. */
final class Proxy
{
    public static function agents(): \stdClass|WP_Error
    {
        $answer = Client::get('/api/v1/agents');
        if (!is_wp_error($answer)) {
            Agents::remember($answer);
        }
        return $answer;
    }

    public static function agent_settings(WP_REST_Request $request): \stdClass|WP_Error
    {
        $body = array_intersect_key((array) self::body($request), array_flip(['enabled', 'schedule', 'input']));
        return self::act('PUT', '/api/v1/agents/' . $request['name'] . '/settings', $body);
    }

    public static function start_run(WP_REST_Request $request): \WP_REST_Response|WP_Error
    {
        $input = self::body($request)->input ?? new \stdClass();
        $answer = self::act('POST', '/api/v1/agents/' . $request['name'] . '/runs', ['input' => $input], self::key($request));
        return is_wp_error($answer) ? $answer : new \WP_REST_Response($answer, 202);
    }

    public static function runs(WP_REST_Request $request): \stdClass|WP_Error
    {
        return Client::get('/api/v1/runs', self::query($request, ['agent', 'state', 'limit', 'cursor']));
    }

    public static function run(WP_REST_Request $request): \stdClass|WP_Error
    {
        return Client::get('/api/v1/runs/' . $request['id']);
    }

    public static function cancel_run(WP_REST_Request $request): \stdClass|WP_Error
    {
        return self::act('POST', '/api/v1/runs/' . $request['id'] . '/cancel');
    }

    /** A change on the sidecar in the person's name. */
    public static function act(string $method, string $path, mixed $body = null, array $options = []): \stdClass|WP_Error
    {
        return Client::request($method, $path, [], is_array($body) ? (object) $body : ($body ?? new \stdClass()), ['person' => true] + $options);
    }

    /** Makes something on the sidecar in the person's name, once for each Idempotency-Key: `$made`, or 200 when an earlier press made it. */
    public static function make(WP_REST_Request $request, string $path, mixed $body = null, int $made = 201): \WP_REST_Response|WP_Error
    {
        $answer = self::act('POST', $path, $body, self::key($request));
        return is_wp_error($answer) ? $answer : new \WP_REST_Response($answer, empty($answer->repeated) ? $made : 200);
    }

    /** The JSON body with objects kept, so that `{}` stays an object on its way through. */
    public static function body(WP_REST_Request $request): \stdClass
    {
        $body = json_decode((string) $request->get_body());
        return $body instanceof \stdClass ? $body : new \stdClass();
    }

    /** @return array{key?: string} The key under which a press that is repeated makes nothing twice; whether it is usable, the sidecar says. */
    private static function key(WP_REST_Request $request): array
    {
        $key = $request->get_header('Idempotency-Key');
        return $key === null ? [] : ['key' => $key];
    }

    /** @return array<string, scalar> The wanted parameters that were given. */
    public static function query(WP_REST_Request $request, array $names): array
    {
        $query = array_intersect_key($request->get_query_params(), array_flip($names));
        return array_filter($query, static fn ($value): bool => is_scalar($value) && $value !== '');
    }
}
