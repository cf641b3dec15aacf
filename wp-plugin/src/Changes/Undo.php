<?php

declare(strict_types=1);

namespace DevSkyy\Changes;

use DevSkyy\Sidecar\Error_Hints;
use WP_Error;

/** Takes an applied proposal back from the ledger alone, so that it works with the sidecar away. */
final class Undo
{
    /** Why a proposal cannot be taken back at all, or null; compares nothing. */
    public static function impossible(string $proposal): ?WP_Error
    {
        $rows = Ledger::rows($proposal);
        if ($rows === []) {
            return Error_Hints::error('not_applied', 409);
        }
        if (in_array('act', array_column($rows, 'kind'), true)) {
            return Error_Hints::error('not_undoable', 409);
        }
        return in_array('applied', array_column($rows, 'state'), true) ? null : Error_Hints::error('not_applied', 409);
    }

    /** @return array{state: string, results: array}|WP_Error State `undone`, or `undo_failed` when a write failed; an error when nothing was begun. */
    public static function run(string $proposal): array|WP_Error
    {
        $rows = Ledger::rows($proposal);
        $resources = Applier::resources($rows);
        if (!Applier::lock($resources)) {
            return Error_Hints::error('busy', 409);
        }
        try {
            $refused = self::impossible($proposal) ?? self::changed_since($rows);
            if ($refused !== null) {
                return $refused;
            }
            $rows = array_filter(Ledger::rows($proposal), static fn (\stdClass $row): bool => $row->state === 'applied');
            Ledger::begin();
            foreach ($rows as $row) {
                if (Writer::delta($row) !== null) {
                    $row->record->undo_from = Writer::stock((array) Target::read($row->resource));
                }
                Ledger::set($row, 'undoing');
            }
            return self::restore_all($proposal, array_reverse($rows));
        } finally {
            Applier::unlock($resources);
        }
    }

    /** Restores rows (the last change first); a failure writes the restored ones again, so that the shop is never half-way. */
    public static function restore_all(string $proposal, array $rows): array
    {
        $restored = [];
        foreach ($rows as $row) {
            $done = Writer::restore($row);
            if (is_wp_error($done)) {
                Ledger::set($row, 'applied', $done->get_error_message());
                self::write_again($restored);
                foreach (array_filter($rows, static fn (\stdClass $row): bool => $row->state === 'undoing') as $waiting) {
                    Ledger::set($waiting, 'applied');
                }
                Ledger::conclude($proposal, 'undo_failed');
                return ['state' => 'undo_failed', 'results' => Ledger::results($proposal)];
            }
            Ledger::set($row, 'undone');
            $restored[] = $row;
        }
        Ledger::conclude($proposal, 'undone');
        return ['state' => 'undone', 'results' => Ledger::results($proposal)];
    }

    private static function write_again(array $restored): void
    {
        foreach (array_reverse($restored) as $row) {
            $done = Writer::write($row);
            is_wp_error($done) && Ledger::set($row, 'failed', $done->get_error_message());
        }
    }

    private static function changed_since(array $rows): ?WP_Error
    {
        $found = [];
        foreach ($rows as $row) {
            if ($row->kind !== 'patch' || $row->state !== 'applied') {
                continue;
            }
            $current = Target::read($row->resource);
            if (is_wp_error($current)) {
                return $current;
            }
            foreach (Writer::differences($row, $current, 'to') as $path => $values) {
                $found[] = ['change_id' => $row->change_id, 'path' => $path] + $values;
            }
        }
        if ($found === []) {
            return null;
        }
        $sentence = implode(' ', array_map(static fn (array $one): string => Writer::sentence([$one['path'] => $one]), $found));
        return Error_Hints::error('changed_since', 409, $sentence, ['details' => ['differences' => $found]]);
    }
}
