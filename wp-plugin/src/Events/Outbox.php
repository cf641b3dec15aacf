<?php

declare(strict_types=1);

namespace DevSkyy\Events;

use DevSkyy\Database;
use DevSkyy\Sidecar\Connection;
use DevSkyy\Time;

/**
 * Thin events that wait for the sidecar, one row each, in the order in which they happened.
 *
 * Rows hold ids and times only, no personal data. State is `waiting` or `parked` (the sidecar refused it).
 */
final class Outbox
{
    /** Events of one request, by thing: several saves of one product are one event. */
    private const REMEMBER = 500;

    /** @var array<string, array{seq: int, type: string, again: bool}> */
    private static array $noted = [];
    private static ?string $origin = null;

    /** Runs a write whose events carry the change id that caused them. */
    public static function with_origin(string $change_id, callable $write): mixed
    {
        $before = self::$origin;
        self::$origin = $change_id;
        try {
            return $write();
        } finally {
            self::$origin = $before;
        }
    }

    /**
     * Notes that something happened to a thing.
     *
     * The row is written at once, so that a request that dies loses nothing. A second event of the thing in the same request joins the first.
     */
    public static function note(string $type, string $resource, int $id, ?string $version = null): void
    {
        if ($id < 1 || !Connection::paired()) {
            return;
        }
        $kind = str_starts_with($type, 'order.') && $type !== 'order.refunded' ? 'order' : $type;
        $key = "$kind $resource $id " . self::$origin;
        if (isset(self::$noted[$key])) {
            self::join($key, $type);
            return;
        }
        if (count(self::$noted) >= self::REMEMBER && self::settle()) {
            Drain::soon();
        }
        self::$noted[$key] = ['seq' => self::insert($type, $resource, $id, $version, self::$origin), 'type' => $type, 'again' => false];
    }

    /** At the end of the request: an event that was sent before the thing changed again is noted once more. True when anything was noted. */
    public static function settle(): bool
    {
        global $wpdb;
        $any = self::$noted !== [];
        foreach (self::$noted as $key => $event) {
            if ($event['again'] && !$wpdb->get_var($wpdb->prepare('SELECT seq FROM %i WHERE seq = %d', Database::outbox(), $event['seq']))) {
                [, $resource, $id] = explode(' ', $key);
                self::insert($event['type'], $resource, (int) $id, null, explode(' ', $key, 4)[3] ?: null);
            }
        }
        self::$noted = [];
        return $any;
    }

    /** @return list<\stdClass> Rows in order. */
    public static function waiting(int $limit, int $after = 0): array
    {
        global $wpdb;
        return $wpdb->get_results($wpdb->prepare("SELECT * FROM %i WHERE state = 'waiting' AND seq > %d ORDER BY seq LIMIT %d", Database::outbox(), $after, $limit));
    }

    /** A row as it goes over the wire. */
    public static function event(\stdClass $row): array
    {
        return [
            'seq' => (int) $row->seq,
            'id' => $row->event_id,
            'type' => $row->type,
            'resource' => $row->resource,
            'resource_id' => (int) $row->resource_id,
            'at' => Time::from_sql($row->at),
            'origin' => $row->origin,
            'version' => $row->version,
        ];
    }

    /** @param list<int> $seqs */
    public static function remove(array $seqs): void
    {
        global $wpdb;
        if ($seqs !== []) {
            $wpdb->query($wpdb->prepare("DELETE FROM %i WHERE state = 'waiting' AND seq IN (" . implode(',', array_map('intval', $seqs)) . ')', Database::outbox()));
        }
    }

    public static function park(int $seq, string $message): void
    {
        global $wpdb;
        $wpdb->update(Database::outbox(), ['state' => 'parked', 'message' => mb_substr($message, 0, 500)], ['seq' => $seq]);
    }

    /** Sends a parked event again; false when there is none of that number. */
    public static function retry(int $seq): bool
    {
        global $wpdb;
        $done = (bool) $wpdb->update(Database::outbox(), ['state' => 'waiting', 'message' => null], ['seq' => $seq, 'state' => 'parked']);
        Drain::soon();
        return $done;
    }

    public static function drop(int $seq): bool
    {
        global $wpdb;
        return (bool) $wpdb->delete(Database::outbox(), ['seq' => $seq, 'state' => 'parked']);
    }

    public static function count_waiting(): int
    {
        global $wpdb;
        return (int) $wpdb->get_var($wpdb->prepare("SELECT COUNT(*) FROM %i WHERE state = 'waiting'", Database::outbox()));
    }

    /** @return list<array{seq: int, type: string, resource_id: int, at: ?string, message: ?string}> */
    public static function parked(int $limit = 50): array
    {
        global $wpdb;
        $rows = $wpdb->get_results($wpdb->prepare("SELECT * FROM %i WHERE state = 'parked' ORDER BY seq DESC LIMIT %d", Database::outbox(), $limit));
        return array_map(static fn (\stdClass $row): array => [
            'seq' => (int) $row->seq,
            'type' => $row->type,
            'resource_id' => (int) $row->resource_id,
            'at' => Time::from_sql($row->at),
            'message' => $row->message,
        ], $rows);
    }

    public static function clear(): void
    {
        global $wpdb;
        $wpdb->query($wpdb->prepare('DELETE FROM %i', Database::outbox()));
        self::$noted = [];
    }

    /** A thing changed again in this request; a new order outranks a changed one. */
    private static function join(string $key, string $type): void
    {
        global $wpdb;
        self::$noted[$key]['again'] = true;
        if ($type === 'order.created' && self::$noted[$key]['type'] !== $type) {
            self::$noted[$key]['type'] = $type;
            $wpdb->update(Database::outbox(), ['type' => $type], ['seq' => self::$noted[$key]['seq'], 'state' => 'waiting']);
        }
    }

    private static function insert(string $type, string $resource, int $id, ?string $version, ?string $origin): int
    {
        global $wpdb;
        $wpdb->insert(Database::outbox(), [
            'event_id' => wp_generate_uuid4(),
            'type' => $type,
            'resource' => $resource,
            'resource_id' => $id,
            'at' => Time::sql(),
            'origin' => $origin,
            'version' => $version ?? Time::now(),
            'state' => 'waiting',
        ]);
        return (int) $wpdb->insert_id;
    }
}
