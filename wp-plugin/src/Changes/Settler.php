<?php

declare(strict_types=1);

namespace DevSkyy\Changes;

use DevSkyy\Events\Drain;
use DevSkyy\Events\Outbox;

/** Ends what a crash left half-way, by what stands in the shop: equal to `to` is done, equal to what stood there is written again, anything else failed. */
final class Settler
{
    /** Settles every proposal that no living request holds. Answers how many. */
    public static function run(): int
    {
        if (!Ledger::may_be_unsettled()) {
            return 0;
        }
        $settled = 0;
        foreach (Ledger::unsettled() as $proposal) {
            $resources = Applier::resources(Ledger::rows($proposal));
            // No waiting: a lock that is held means that the request which applies is alive.
            if (Applier::lock($resources, 0)) {
                self::settle($proposal);
                Applier::unlock($resources);
                $settled++;
            }
        }
        // The request that died never asked for a drain, neither for its events nor for this outcome.
        $settled === 0 || Drain::soon();
        return $settled;
    }

    /** Settles one proposal; the caller holds its locks. */
    public static function settle(string $proposal): void
    {
        // Read after the lock was taken: another request may have settled it meanwhile.
        $rows = Ledger::rows($proposal);
        $states = array_column($rows, 'state');
        $before = get_current_user_id();
        wp_set_current_user((int) ($rows[0]->user_id ?? 0));
        try {
            if (in_array('applying', $states, true)) {
                self::settle_apply($proposal, $rows);
            } elseif (in_array('undoing', $states, true)) {
                self::settle_undo($proposal, $rows);
            }
        } finally {
            wp_set_current_user($before);
        }
    }

    private static function settle_apply(string $proposal, array $rows): void
    {
        foreach ($rows as $row) {
            if ($row->state !== 'applying') {
                continue;
            }
            $found = self::judge($row);
            if ($found === 'to') {
                self::note($row);
                Ledger::set($row, 'applied');
            } elseif ($found === 'neither') {
                Ledger::set($row, 'failed', __('Something else was written after the interruption.', 'devskyy'));
                Applier::compensate($rows);
                self::skip($rows);
                Ledger::conclude($proposal, 'failed');
                return;
            }
        }
        Applier::write_all($proposal, $rows);
    }

    private static function settle_undo(string $proposal, array $rows): void
    {
        $left = [];
        foreach ($rows as $row) {
            if ($row->state !== 'undoing') {
                continue;
            }
            $found = self::judge($row);
            if ($found === 'stood') {
                self::note($row);
                Ledger::set($row, 'undone');
            } elseif ($found === 'to') {
                $left[] = $row;
            } else {
                Ledger::set($row, 'failed', __('Something else was written after the interruption.', 'devskyy'));
            }
        }
        if (in_array('failed', array_column($rows, 'state'), true)) {
            foreach ($left as $row) {
                Ledger::set($row, 'applied');
            }
            Ledger::conclude($proposal, 'undo_failed');
            return;
        }
        Undo::restore_all($proposal, array_reverse($left));
    }

    /** What stands there: `to`, `stood` or `neither`. */
    private static function judge(\stdClass $row): string
    {
        if ($row->kind === 'create') {
            return Target::created($row->change_id) > 0 ? self::found($row) : 'stood';
        }
        if ($row->kind !== 'patch') {
            return 'stood';
        }
        $current = Target::read($row->resource);
        if (is_wp_error($current)) {
            return 'neither';
        }
        $at_to = Writer::differences($row, $current, 'to') === [];
        $at_stood = Writer::differences($row, $current, 'stood') === [];
        $delta = Writer::delta($row);
        if ($delta === null) {
            return $at_to ? 'to' : ($at_stood ? 'stood' : 'neither');
        }
        // A stock move has no value of its own: the count seen before the write tells whether it happened.
        $undoing = $row->state === 'undoing';
        $moved = Writer::stock($current) - (int) ($undoing ? $row->record->undo_from ?? 0 : $row->record->stood->stock_delta ?? 0);
        $done = $moved === ($undoing ? -$delta : $delta);
        $at_to = $at_to && ($undoing ? $moved === 0 : $done);
        return $at_to ? 'to' : ($at_stood && ($undoing ? $done : $moved === 0) ? 'stood' : 'neither');
    }

    /** Says that a thing was written: the request that wrote it may have died before the hooks could, and then the sidecar's copy would stay old. */
    private static function note(\stdClass $row): void
    {
        if (preg_match('#^wc/v3/products/(\d+)(?:/variations/(\d+))?$#', (string) $row->resource, $found)) {
            $variation = (int) ($found[2] ?? 0);
            Outbox::with_origin($row->change_id, static fn () => Outbox::note('product.saved', $variation ? 'variations' : 'products', $variation ?: (int) $found[1]));
        }
    }

    private static function found(\stdClass $row): string
    {
        $row->record->created_id = Target::created($row->change_id);
        return 'to';
    }

    private static function skip(array $rows): void
    {
        foreach ($rows as $row) {
            if ($row->state === 'applying') {
                Ledger::set($row, 'skipped', __('Not written, since an earlier change failed.', 'devskyy'));
            }
        }
    }
}
