<?php

declare(strict_types=1);

namespace DevSkyy\Changes;

use DevSkyy\Database;
use DevSkyy\Time;

/** What was written on whose word and what stood there before: one row per change, written before the change. */
final class Ledger
{
    /** Set while a change is under way, so that a page notices a crash without a query. */
    private const UNSETTLED = 'devskyy_unsettled';

    /**
     * Adds a row; false when this change already has one.
     *
     * @param array<string, mixed> $record {set, stood, after, body, created_id}; what undo and the settler need.
     */
    public static function add(string $proposal, int $n, \stdClass $change, array $record, string $state, int $user, ?string $message = null): bool
    {
        global $wpdb;
        $sql = 'INSERT IGNORE INTO %i (change_id, proposal, n, kind, resource, change_set, state, user_id, at, message, outcome, reported) VALUES (%s, %s, %d, %s, %s, %s, %s, %d, %s, %s, %s, 0)';
        $values = [self::cut($change->change_id ?? "$proposal-$n", 80), $proposal, $n, self::cut($change->kind ?? '', 10), self::cut($change->resource ?? '', 190)];
        return (bool) $wpdb->query($wpdb->prepare($sql, Database::ledger(), ...$values, ...[(string) wp_json_encode($record), $state, $user, Time::sql(), self::cut($message ?? '', 500), '']));
    }

    public static function set(\stdClass $row, string $state, ?string $message = null): void
    {
        global $wpdb;
        $row->state = $state;
        $row->message = self::cut($message ?? '', 500);
        $fields = ['state' => $state, 'message' => $row->message, 'change_set' => (string) wp_json_encode($row->record), 'at' => Time::sql()];
        $wpdb->update(Database::ledger(), $fields, ['id' => $row->id]);
    }

    /** Notes what became of a proposal; it is reported until the sidecar has heard it. */
    public static function conclude(string $proposal, string $outcome): void
    {
        global $wpdb;
        $wpdb->update(Database::ledger(), ['outcome' => $outcome, 'reported' => 0], ['proposal' => $proposal]);
        if (!self::has_unsettled()) {
            update_option(self::UNSETTLED, 0, true);
        }
    }

    public static function reported(string $proposal, string $outcome): void
    {
        global $wpdb;
        $wpdb->update(Database::ledger(), ['reported' => 1], ['proposal' => $proposal, 'outcome' => $outcome]);
    }

    public static function begin(): void
    {
        update_option(self::UNSETTLED, 1, true);
    }

    public static function may_be_unsettled(): bool
    {
        return (bool) get_option(self::UNSETTLED);
    }

    /** @return list<\stdClass> Rows in the order of the changes, each with its decoded `record`. */
    public static function rows(string $proposal): array
    {
        global $wpdb;
        $rows = $wpdb->get_results($wpdb->prepare('SELECT * FROM %i WHERE proposal = %s ORDER BY n', Database::ledger(), $proposal));
        foreach ($rows as $row) {
            $row->record = json_decode($row->change_set) ?? new \stdClass();
        }
        return $rows;
    }

    /**
     * The rows of several proposals by one query.
     *
     * @param list<string> $proposals
     * @return array<string, list<\stdClass>> By proposal, each row with its decoded `record`.
     */
    public static function of(array $proposals): array
    {
        global $wpdb;
        if ($proposals === []) {
            return [];
        }
        $marks = implode(',', array_fill(0, count($proposals), '%s'));
        $found = [];
        foreach ($wpdb->get_results($wpdb->prepare("SELECT proposal, resource, change_set FROM %i WHERE proposal IN ($marks) ORDER BY proposal, n", Database::ledger(), ...$proposals)) as $row) {
            $row->record = json_decode($row->change_set) ?? new \stdClass();
            $found[$row->proposal][] = $row;
        }
        return $found;
    }

    /** @return list<string> Proposals that a crash left half-way. */
    public static function unsettled(int $limit = 20): array
    {
        global $wpdb;
        return $wpdb->get_col($wpdb->prepare("SELECT DISTINCT proposal FROM %i WHERE state IN ('applying', 'undoing') LIMIT %d", Database::ledger(), $limit));
    }

    /** @return list<\stdClass> {proposal, outcome} that the sidecar has not heard yet. */
    public static function unreported(int $limit = 50): array
    {
        global $wpdb;
        return $wpdb->get_results($wpdb->prepare("SELECT proposal, outcome, MIN(id) AS first FROM %i WHERE reported = 0 AND outcome <> '' GROUP BY proposal, outcome ORDER BY first LIMIT %d", Database::ledger(), $limit));
    }

    /** The results of a proposal's changes as the outcome carries them. */
    public static function results(string $proposal): array
    {
        return array_map(static function (\stdClass $row): array {
            $state = $row->state === 'stale' ? 'skipped' : $row->state;
            $result = ['change_id' => $row->change_id, 'state' => $state];
            $result += (string) $row->message === '' ? [] : ['message' => $row->message];
            return $result + (empty($row->record->created_id) ? [] : ['created_id' => $row->record->created_id]);
        }, self::rows($proposal));
    }

    public static function has_unsettled(): bool
    {
        return self::unsettled(1) !== [];
    }

    private static function cut(string $text, int $length): string
    {
        return mb_substr($text, 0, $length);
    }
}
