<?php

declare(strict_types=1);

namespace DevSkyy\Rest;

use DevSkyy\Changes\Applier;
use DevSkyy\Changes\Ledger;
use DevSkyy\Changes\Outcomes;
use DevSkyy\Changes\Undo;
use DevSkyy\Events\Drain;
use DevSkyy\Sidecar\Answers;
use DevSkyy\Sidecar\Client;
use DevSkyy\Sidecar\Connection;
use DevSkyy\Sidecar\Error_Hints;
use WP_Error;
use WP_REST_Request;

/** What a person decides about proposals: approving applies at once, and undo works without the sidecar. */
final class Decisions
{
    public static function approve(WP_REST_Request $request): array|WP_Error
    {
        return self::approve_one($request['id'], $request['digest']);
    }

    /** Approves and applies what a person has just asked for on another page, such as goods that arrived. */
    public static function approve_now(string $id, string $digest): array|WP_Error
    {
        return self::approve_one($id, $digest);
    }

    public static function reject(WP_REST_Request $request): array|\stdClass|WP_Error
    {
        return self::reject_one($request['id'], (string) $request['reason']);
    }

    public static function snooze(WP_REST_Request $request): array|\stdClass|WP_Error
    {
        return self::snooze_one($request['id'], (string) $request['until']);
    }

    public static function undo(WP_REST_Request $request): array|WP_Error
    {
        return self::undo_one($request['id']);
    }

    /** One decision on up to 25 proposals; each stands or fails alone. */
    public static function bulk(WP_REST_Request $request): array|WP_Error
    {
        $action = $request['action'];
        if ($action === 'snooze' && empty($request['until'])) {
            return Error_Hints::error('invalid', 400, '', ['fields' => ['until' => __('Say until when.', 'devskyy')]]);
        }
        $results = [];
        foreach ($request['items'] as $item) {
            $answer = match ($action) {
                'approve' => self::approve_one($item['id'], $item['digest'] ?? ''),
                'reject' => self::reject_one($item['id'], (string) $request['reason']),
                'snooze' => self::snooze_one($item['id'], (string) $request['until']),
                'undo' => self::undo_one($item['id']),
            };
            $results[] = self::result($item['id'], $answer);
        }
        return ['ok' => true, 'results' => $results];
    }

    private static function approve_one(string $id, string $digest): array|WP_Error
    {
        if (!Connection::usable()) {
            return Error_Hints::error(Connection::paired() ? 'site_changed' : 'not_paired', 409);
        }
        $answer = Proxy::act('POST', "/api/v1/proposals/$id/approve", ['digest' => $digest]);
        if (is_wp_error($answer)) {
            return $answer;
        }
        $changes = $answer->changes ?? null;
        if (!is_array($changes) || array_filter($changes, 'is_object') !== $changes) {
            return Error_Hints::error('not_a_sidecar', 502);
        }
        $done = Applier::apply($id, $changes, $digest);
        return is_wp_error($done) ? $done : self::conclude($id, $done, $answer->proposal ?? null);
    }

    private static function reject_one(string $id, string $reason): \stdClass|WP_Error
    {
        return Proxy::act('POST', "/api/v1/proposals/$id/reject", $reason === '' ? [] : ['reason' => $reason]);
    }

    private static function snooze_one(string $id, string $until): \stdClass|WP_Error
    {
        return Proxy::act('POST', "/api/v1/proposals/$id/snooze", ['until' => gmdate('Y-m-d\TH:i:s\Z', (int) rest_parse_date($until))]);
    }

    /** Asks the sidecar first, so that both agree; one that is away hears of it later. */
    private static function undo_one(string $id): array|WP_Error
    {
        if (!Connection::usable()) {
            return Error_Hints::error(Connection::paired() ? 'site_changed' : 'not_paired', 409);
        }
        $impossible = Undo::impossible($id);
        if ($impossible !== null) {
            return $impossible;
        }
        // A sidecar that has not heard yet that it was applied would refuse to undo it.
        foreach (Ledger::unreported() as $row) {
            $row->proposal === $id && Outcomes::report($id, $row->outcome);
        }
        $told = Proxy::act('POST', "/api/v1/proposals/$id/undo");
        if (is_wp_error($told) && !Client::away($told)) {
            return $told;
        }
        $done = Undo::run($id);
        if (is_wp_error($done)) {
            // Nothing was written, yet the sidecar waits for an outcome.
            is_wp_error($told) || Ledger::conclude($id, 'undo_failed');
            is_wp_error($told) || Outcomes::report($id, 'undo_failed', $done->get_error_message());
            return $done;
        }
        return self::conclude($id, $done, is_wp_error($told) ? null : ($told->proposal ?? null));
    }

    /** Reports the outcome and makes the page's answer; a report that does not arrive is sent again by the drain. */
    private static function conclude(string $id, array $done, ?\stdClass $proposal): array|WP_Error
    {
        $reported = Outcomes::report($id, $done['state']);
        if (is_wp_error($reported)) {
            Drain::soon();
        }
        $proposal = is_wp_error($reported) ? $proposal : ($reported->proposal ?? $proposal);
        $proposal ??= Answers::recall("/api/v1/proposals/$id")[0]->proposal ?? (object) ['id' => $id];
        $proposal->state = $done['state'] === 'undo_failed' ? 'applied' : $done['state'];
        if (in_array($done['state'], ['applied', 'undone'], true)) {
            return ['ok' => true, 'proposal' => $proposal, 'results' => $done['results']];
        }
        $code = $done['state'] === 'stale' ? 'stale' : 'failed';
        $reasons = implode(' ', array_unique(array_filter(array_column($done['results'], 'message'))));
        $base = Error_Hints::error($code, 409)->get_error_message();
        return Error_Hints::error($code, 409, trim("$base $reasons"), ['results' => $done['results'], 'proposal' => $proposal]);
    }

    private static function result(string $id, mixed $answer): array
    {
        if (!is_wp_error($answer)) {
            $answer = (array) $answer;
            return ['id' => $id, 'ok' => true] + (isset($answer['proposal']) ? ['proposal' => $answer['proposal']] : []);
        }
        $data = (array) $answer->get_error_data();
        $more = array_intersect_key($data, ['results' => 1, 'proposal' => 1]);
        return ['id' => $id, 'ok' => false, 'error' => Error_Hints::block($answer) + $more];
    }
}
