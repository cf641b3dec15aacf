<?php

declare(strict_types=1);

namespace DevSkyy\Changes;

use DevSkyy\Events\Outbox;
use DevSkyy\Sidecar\Error_Hints;
use WP_Error;

/**
 * The steps that applying, undoing and settling share, on one ledger row.
 *
 * `record->set` = [{path, was, to}]; `record->stood` and `record->after` = values by path before and after our write, the sale fields included.
 */
final class Writer
{
    /** What a new row must remember of the values that stand there now. */
    public static function record(\stdClass $change, array $current): array
    {
        if ($change->kind !== 'patch') {
            return array_filter(['body' => $change->body ?? null]);
        }
        return ['set' => $change->set, 'stood' => (object) self::snapshot($change->set, $current)];
    }

    /** Writes a row's change and reads it back; marks the row applied, or answers why not. */
    public static function write(\stdClass $row): bool|WP_Error
    {
        // For observers and for tests that end the process here; the row exists, the change does not.
        do_action('devskyy_after_ledger_row', $row->change_id, $row->state);
        $done = Outbox::with_origin($row->change_id, static fn () => match ($row->kind) {
            'patch' => self::write_patch($row),
            'create' => self::write_create($row),
            default => true,
        });
        do_action('devskyy_after_write', $row->change_id, $row->state);
        if (is_wp_error($done)) {
            return $done;
        }
        $message = $row->kind === 'act' ? __('The sidecar does this one itself.', 'devskyy') : null;
        Ledger::set($row, $row->kind === 'act' ? 'skipped' : 'applied', $message);
        return true;
    }

    /** Puts back what stood there before a row's change. */
    public static function restore(\stdClass $row): bool|WP_Error
    {
        return Outbox::with_origin($row->change_id, static function () use ($row): bool|WP_Error {
            do_action('devskyy_after_ledger_row', $row->change_id, $row->state);
            $done = match ($row->kind) {
                'patch' => self::restore_patch($row),
                'create' => self::remove($row),
                default => true,
            };
            do_action('devskyy_after_write', $row->change_id, $row->state);
            return $done;
        });
    }

    /** @return array<string, array{expected: mixed, now: mixed}> Paths whose value differs from the expected one; `side` is was, to or stood. */
    public static function differences(\stdClass $row, array $current, string $side): array
    {
        $differences = [];
        foreach ($row->record->set as $item) {
            $expected = $side === 'stood' ? ($row->record->stood->{$item->path} ?? null) : ($item->{$side} ?? null);
            $now = Target::value($current, $item->path);
            if ($item->path === 'stock_delta') {
                // `was` is informational and sales go on; only a crash is judged by the count (see Settler).
                continue;
            }
            if (!Values::same($item->path, $expected, $now)) {
                $differences[$item->path] = ['expected' => $expected, 'now' => $now];
            }
        }
        return $differences;
    }

    public static function sentence(array $differences): string
    {
        $parts = [];
        foreach ($differences as $path => $values) {
            /* translators: 1: name of a field, 2: value found, 3: value expected */
            $parts[] = sprintf(__('%1$s is %2$s now, not %3$s.', 'devskyy'), Values::label($path), Values::show($values['now']), Values::show($values['expected']));
        }
        return implode(' ', $parts);
    }

    public static function stock(array $current): int
    {
        return (int) Target::value($current, 'stock_delta');
    }

    /** How many pieces a row adds, or null when it moves no stock. */
    public static function delta(\stdClass $row): ?int
    {
        foreach ($row->record->set ?? [] as $item) {
            if ($item->path === 'stock_delta') {
                return (int) $item->to;
            }
        }
        return null;
    }

    /** Whether a field only has to stand as it was seen, and is not written. */
    private static function guards(\stdClass $item): bool
    {
        return $item->path !== 'stock_delta' && Values::same($item->path, $item->was ?? null, $item->to ?? null);
    }

    /** Writes the values of a patch that is known to stand at `stood`. */
    private static function write_patch(\stdClass $row): bool|WP_Error
    {
        $current = Target::read($row->resource);
        if (is_wp_error($current)) {
            return $current;
        }
        $changed = array_filter((array) $row->record->set, static fn (\stdClass $item): bool => !self::guards($item));
        $values = array_column($changed, 'to', 'path');
        $done = Target::write($row->resource, $values, $current);
        $after = is_wp_error($done) ? $done : Target::read($row->resource);
        if (is_wp_error($after)) {
            return self::failed($row, $current, $after);
        }
        $differences = self::differences($row, $after, 'to');
        if ($differences !== []) {
            return self::failed($row, $current, Error_Hints::error('failed', 409, self::sentence($differences)));
        }
        $row->record->after = (object) self::snapshot($row->record->set, $after);
        return true;
    }

    /** A write that did not take is put back at once, whatever part of it did. */
    private static function failed(\stdClass $row, array $current, WP_Error $reason): WP_Error
    {
        $back = [];
        foreach ((array) $row->record->stood as $path => $value) {
            if ($path !== 'stock_delta') {
                $back[$path] = $value;
            }
        }
        $back === [] || Target::write($row->resource, $back, $current);
        return $reason;
    }

    private static function restore_patch(\stdClass $row): bool|WP_Error
    {
        $current = Target::read($row->resource);
        if (is_wp_error($current)) {
            return $current;
        }
        $done = Target::write($row->resource, self::values_back($row, $current), $current);
        $after = is_wp_error($done) ? $done : Target::read($row->resource);
        if (is_wp_error($after)) {
            return $after;
        }
        $differences = self::differences($row, $after, 'stood');
        return $differences === [] ? true : Error_Hints::error('failed', 409, self::sentence($differences));
    }

    /** What stood there; a sale that somebody changed since our write is left as they set it. */
    private static function values_back(\stdClass $row, array $current): array
    {
        $ours = array_column((array) $row->record->set, 'path');
        $back = [];
        foreach ((array) $row->record->stood as $path => $value) {
            if ($path === 'stock_delta') {
                $back[$path] = -(int) self::delta($row);
                continue;
            }
            $untouched = !property_exists($row->record, 'after') || Values::same($path, $row->record->after->{$path} ?? null, Target::value($current, $path));
            if (in_array($path, $ours, true) || $untouched) {
                $back[$path] = $value;
            }
        }
        return $back;
    }

    private static function write_create(\stdClass $row): bool|WP_Error
    {
        $id = Target::created($row->change_id) ?: Target::create($row->resource, $row->record->body, $row->change_id);
        if (is_wp_error($id)) {
            return $id;
        }
        $row->record->created_id = $id;
        return true;
    }

    private static function remove(\stdClass $row): bool|WP_Error
    {
        $id = (int) ($row->record->created_id ?? 0) ?: Target::created($row->change_id);
        return $id === 0 ? true : Target::delete("$row->resource/$id");
    }

    /** @return array<string, mixed> Values by path; any price brings its sale along, since WooCommerce changes one with the other. */
    private static function snapshot(array $set, array $current): array
    {
        $paths = array_column($set, 'path');
        if (array_intersect($paths, Target::SALE) !== []) {
            $paths = array_unique(array_merge($paths, Target::SALE));
        }
        $values = [];
        foreach ($paths as $path) {
            $values[$path] = Target::value($current, $path);
        }
        return $values;
    }
}
