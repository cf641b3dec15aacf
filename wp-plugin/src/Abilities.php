<?php

declare(strict_types=1);

namespace DevSkyy;

use DevSkyy\Rest\Proxy;
use DevSkyy\Sidecar\Agents;
use DevSkyy\Sidecar\Client;
use DevSkyy\Sidecar\Connection;
use WP_Error;

/**
 * Every agent as a WordPress ability `devskyy/<agent>`, from the last seen list.
 *
 * An ability starts a run. Approving is none on purpose: only a person in wp-admin decides.
 */
final class Abilities
{
    private const WAIT = 5.0;

    public static function register(): void
    {
        add_action('wp_abilities_api_categories_init', [self::class, 'categories']);
        add_action('wp_abilities_api_init', [self::class, 'abilities']);
    }

    public static function categories(): void
    {
        foreach (array_unique(array_column(self::agents(), 'family')) as $family) {
            /* translators: %s: family of agents, such as pricing */
            wp_register_ability_category(self::category($family), ['label' => sprintf(__('DevSkyy: %s', 'devskyy'), ucfirst($family)), 'description' => __('Agents that read the shop and propose changes.', 'devskyy')]);
        }
    }

    public static function abilities(): void
    {
        foreach (self::agents() as $agent) {
            wp_register_ability('devskyy/' . $agent['name'], [
                'label' => (string) $agent['title'],
                'description' => (string) ($agent['summary'] ?? '') ?: (string) $agent['title'],
                'category' => self::category($agent['family']),
                // A default lets an ability be called without input: every agent runs from its own defaults.
                'input_schema' => ['type' => 'object', 'default' => []] + (array) ($agent['input_schema'] ?? []),
                'output_schema' => self::output_schema($agent),
                'execute_callback' => static fn ($input = []) => self::run($agent, (array) $input),
                'permission_callback' => static fn (): bool => current_user_can('manage_woocommerce'),
                'meta' => [
                    'annotations' => ['readonly' => !empty($agent['readonly']), 'destructive' => false, 'idempotent' => false],
                    'show_in_rest' => true,
                    'mcp' => ['public' => true],
                ],
            ]);
        }
    }

    /** Starts a run and waits a little: {run_id, state, output?}. */
    private static function run(array $agent, array $input): array|WP_Error
    {
        // What came by GET is text; the schema says what it means.
        $input = rest_sanitize_value_from_schema($input, (array) ($agent['input_schema'] ?? ['type' => 'object']));
        $until = microtime(true) + self::WAIT;
        $answer = Proxy::act('POST', '/api/v1/agents/' . $agent['name'] . '/runs', ['input' => is_wp_error($input) ? new \stdClass() : (object) $input]);
        while (!is_wp_error($answer) && in_array($answer->run->state ?? '', ['queued', 'running'], true) && microtime(true) < $until) {
            usleep(300_000);
            $answer = Client::request('GET', '/api/v1/runs/' . rawurlencode((string) $answer->run->id), [], null, ['person' => true]);
        }
        if (is_wp_error($answer)) {
            return $answer;
        }
        $output = $answer->run->output ?? null;
        $result = ['run_id' => (string) ($answer->run->id ?? ''), 'state' => (string) ($answer->run->state ?? '')];
        return $result + ($output === null ? [] : ['output' => json_decode((string) wp_json_encode($output), true)]);
    }

    private static function output_schema(array $agent): array
    {
        $output = ($agent['output_schema'] ?? []) + ['type' => 'object'];
        return [
            'type' => 'object',
            'properties' => ['run_id' => ['type' => 'string'], 'state' => ['type' => 'string', 'enum' => ['queued', 'running', 'done', 'failed', 'cancelled']], 'output' => $output],
            'required' => ['run_id', 'state'],
        ];
    }

    /** @return list<array<string, mixed>> */
    private static function agents(): array
    {
        if (!Connection::usable()) {
            return [];
        }
        return array_filter(Agents::cached(), static fn (array $agent): bool => (bool) preg_match('/^[a-z0-9-]+$/', (string) ($agent['name'] ?? '')) && !empty($agent['title']) && !empty($agent['family']));
    }

    private static function category(string $family): string
    {
        return 'devskyy-' . sanitize_title($family);
    }
}
