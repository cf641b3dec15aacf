<?php

declare(strict_types=1);

namespace DevSkyy\Sidecar;

/** The last seen list of agents: abilities are registered from it without asking the sidecar. */
final class Agents
{
    private const OPTION = 'devskyy_agents';

    /** @return list<array<string, mixed>> {name, title, family, summary, readonly, input_schema, output_schema} each. */
    public static function cached(): array
    {
        $stored = json_decode((string) get_option(self::OPTION, ''), true);
        return is_array($stored) ? $stored : [];
    }

    /** Keeps what a `GET /api/v1/agents` answered. */
    public static function remember(\stdClass $answer): void
    {
        if (!is_array($answer->items ?? null) || isset($answer->stale)) {
            return;
        }
        $keep = array_flip(['name', 'title', 'family', 'summary', 'readonly', 'input_schema', 'output_schema']);
        $agents = array_map(static fn (\stdClass $agent): array => array_intersect_key((array) $agent, $keep), $answer->items);
        update_option(self::OPTION, (string) wp_json_encode($agents), false);
    }

    public static function refresh(): void
    {
        $answer = Client::request('GET', '/api/v1/agents');
        if (!is_wp_error($answer)) {
            self::remember($answer);
        }
    }
}
