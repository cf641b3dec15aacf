<?php

declare(strict_types=1);

namespace DevSkyy\Changes;

use DevSkyy\Database;
use DevSkyy\Sidecar\Error_Hints;
use WP_Error;

/** Writes an approved proposal as the person who approved it: lock, compare everything, write, read back; on a failure put back in reverse. */
final class Applier
{
    private const WAIT = 10;

    /**
     * @param list<\stdClass> $changes As the sidecar handed them, objects kept.
     * @return array{state: string, results: array}|WP_Error State `applied`, `stale` or `failed`; an error when nothing could be begun.
     */
    public static function apply(string $proposal, array $changes, string $digest): array|WP_Error
    {
        $resources = self::resources($changes);
        if (!self::lock($resources)) {
            return Error_Hints::error('busy', 409);
        }
        try {
            if (Ledger::rows($proposal) === []) {
                self::begin($proposal, $changes, $digest);
            } else {
                // Approved before and answered too late, or left by a crash: end what was begun.
                Settler::settle($proposal);
            }
            return ['state' => self::outcome($proposal), 'results' => Ledger::results($proposal)];
        } finally {
            self::unlock($resources);
        }
    }

    /** @return list<string> What to lock, sorted so that two requests never wait for each other. */
    public static function resources(array $changes): array
    {
        $names = array_map(static fn (\stdClass $change): string => (string) ($change->resource ?? ''), $changes);
        sort($names);
        return array_values(array_unique($names));
    }

    /** @param list<string> $resources */
    public static function lock(array $resources, int $wait = self::WAIT): bool
    {
        foreach ($resources as $i => $resource) {
            if (!Database::lock($resource, $wait)) {
                self::unlock(array_slice($resources, 0, $i));
                return false;
            }
        }
        return true;
    }

    public static function unlock(array $resources): void
    {
        array_map([Database::class, 'unlock'], $resources);
    }

    /** Writes the rows in order; the first failure compensates the earlier ones in reverse. */
    public static function write_all(string $proposal, array $rows): void
    {
        $written = [];
        foreach ($rows as $row) {
            if ($row->state === 'applied' || $row->state === 'skipped') {
                $written[] = $row;
                continue;
            }
            $done = Writer::write($row);
            if (is_wp_error($done)) {
                Ledger::set($row, 'failed', $done->get_error_message());
                self::compensate($written);
                self::give_up($rows);
                Ledger::conclude($proposal, 'failed');
                return;
            }
            $written[] = $row;
        }
        Ledger::conclude($proposal, 'applied');
    }

    /** Puts written rows back, the last one first. */
    public static function compensate(array $written): void
    {
        foreach (array_reverse($written) as $row) {
            if ($row->state === 'applied') {
                $done = Writer::restore($row);
                is_wp_error($done) ? Ledger::set($row, 'applied', $done->get_error_message()) : Ledger::set($row, 'compensated');
            }
        }
    }

    private static function begin(string $proposal, array $changes, string $digest): void
    {
        $same = $digest !== '' && hash_equals(Canonical_Json::digest($proposal, $changes), $digest);
        $refused = $same ? array_filter(array_map([Policy::class, 'refuse'], $changes)) : [0 => Error_Hints::error('digest_mismatch', 409)];
        if ($refused !== []) {
            self::close($proposal, $changes, $refused, 'failed');
            return;
        }
        $current = self::read($changes, $refused);
        if ($refused !== []) {
            self::close($proposal, $changes, $refused, 'failed');
            return;
        }
        $stale = self::stale($changes, $current);
        if ($stale !== []) {
            self::close($proposal, $changes, $stale, 'stale');
            return;
        }
        // All rows stand before the first write, so that a crash between two changes can still be settled as a whole.
        Ledger::begin();
        foreach ($changes as $i => $change) {
            Ledger::add($proposal, $i + 1, $change, Writer::record($change, $current[$i]), 'applying', get_current_user_id());
        }
        self::write_all($proposal, Ledger::rows($proposal));
    }

    /** @return list<array> What stands at each change's resource; refusals are added to `$refused`. */
    private static function read(array $changes, array &$refused): array
    {
        $current = [];
        foreach ($changes as $i => $change) {
            $data = $change->kind === 'patch' ? Target::read($change->resource) : [];
            $error = is_wp_error($data) ? $data : Policy::refuse_for($change, $data);
            if ($error !== null) {
                $refused[$i] = $error;
            }
            $current[$i] = is_wp_error($data) ? [] : $data;
        }
        return $current;
    }

    /** @return array<int, WP_Error> */
    private static function stale(array $changes, array $current): array
    {
        $stale = [];
        foreach ($changes as $i => $change) {
            if ($change->kind !== 'patch') {
                continue;
            }
            $differences = Writer::differences((object) ['record' => (object) ['set' => $change->set]], $current[$i], 'was');
            if ($differences !== []) {
                $stale[$i] = Error_Hints::error('stale', 409, Writer::sentence($differences));
            }
        }
        return $stale;
    }

    /** Notes a proposal of which nothing was written. */
    private static function close(string $proposal, array $changes, array $reasons, string $outcome): void
    {
        foreach ($changes as $i => $change) {
            $reason = $reasons[$i] ?? null;
            $state = $reason === null ? 'skipped' : $outcome;
            $change = is_string($change->change_id ?? null) ? $change : (object) [];
            Ledger::add($proposal, $i + 1, $change, [], $state, get_current_user_id(), $reason?->get_error_message());
        }
        Ledger::conclude($proposal, $outcome);
    }

    private static function give_up(array $rows): void
    {
        foreach ($rows as $row) {
            if ($row->state === 'applying') {
                Ledger::set($row, 'skipped', __('Not written, since an earlier change failed.', 'devskyy'));
            }
        }
    }

    private static function outcome(string $proposal): string
    {
        $rows = Ledger::rows($proposal);
        return $rows === [] || $rows[0]->outcome === '' ? 'failed' : $rows[0]->outcome;
    }
}
