<?php

declare(strict_types=1);

namespace DevSkyy\Changes;

use DevSkyy\Sidecar\Client;
use DevSkyy\Time;
use WP_Error;

/** Tells the sidecar what became of proposals; what it could not be told is told again by the drain. */
final class Outcomes
{
    public static function waiting(): bool
    {
        return Ledger::unreported(1) !== [];
    }

    /** Reports everything that waits, until an end time; answers the first error. */
    public static function send(?float $end = null): bool|WP_Error
    {
        foreach (Ledger::unreported() as $row) {
            $answer = self::report($row->proposal, $row->outcome);
            if (is_wp_error($answer)) {
                return $answer;
            }
            if ($end !== null && microtime(true) >= $end) {
                break;
            }
        }
        return true;
    }

    /** Reports one proposal's outcome; an error only when it should be tried again. */
    public static function report(string $proposal, string $outcome, string $note = ''): \stdClass|WP_Error
    {
        $results = Ledger::results($proposal);
        $note = $note !== '' ? $note : implode(' ', array_filter(array_column($results, 'message')));
        $body = ['state' => $outcome, 'results' => $results, 'at' => Time::now()] + ($note === '' ? [] : ['note' => $note]);
        $answer = Client::request('POST', "/api/v1/proposals/$proposal/outcome", [], $body, ['person' => get_current_user_id() > 0]);
        $status = is_wp_error($answer) ? (int) ($answer->get_error_data()['status'] ?? 500) : 200;
        if (is_wp_error($answer) && !in_array($status, [400, 404, 409, 410, 422], true)) {
            return $answer;
        }
        // A sidecar that refuses an outcome has decided otherwise or lost the proposal: asking again would not help.
        Ledger::reported($proposal, $outcome);
        return is_wp_error($answer) ? new \stdClass() : $answer;
    }
}
