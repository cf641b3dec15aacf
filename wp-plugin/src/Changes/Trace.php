<?php

declare(strict_types=1);

namespace DevSkyy\Changes;

/**
 * What the audit's entries about proposals were about, out of the shop's own ledger: products and values.
 *
 * The sidecar's audit holds ids only. One query of the ledger and one of the products, however many entries.
 */
final class Trace
{
    private const MOST = 20;
    private const FORWARD = ['proposal.approve', 'proposal.applying', 'proposal.applied'];
    private const BACK = ['proposal.undo', 'proposal.undone'];

    /**
     * Adds to each entry `products` [{id, name}] and `changed` [{path, of, before, after}], where the ledger knows them.
     *
     * @param array<\stdClass> $entries
     */
    public static function add(array $entries): void
    {
        $about = array_filter($entries, static fn (mixed $entry): bool => $entry instanceof \stdClass && str_starts_with((string) ($entry->action ?? ''), 'proposal.'));
        $rows = Ledger::of(array_values(array_unique(array_map(static fn (\stdClass $entry): string => (string) ($entry->target ?? ''), $about))));
        $names = self::names($rows);
        foreach ($about as $entry) {
            $mine = $rows[$entry->target ?? ''] ?? [];
            $products = array_values(array_unique(array_filter(array_map([self::class, 'product'], $mine))));
            $entry->products = array_map(static fn (int $id): array => ['id' => $id, 'name' => $names[$id] ?? self::gone($id)], array_slice($products, 0, self::MOST));
            $way = in_array($entry->action, self::FORWARD, true) <=> in_array($entry->action, self::BACK, true);
            if ($way !== 0) {
                $entry->changed = array_slice(array_merge(...array_map(static fn (\stdClass $row): array => self::changed($row, $way, count($mine) > 1 ? $names : []), $mine)), 0, self::MOST);
            }
        }
    }

    /** The product or variation that a row is about, or 0. */
    private static function product(\stdClass $row): int
    {
        return preg_match('~^wc/v3/products/(\d+)(?:/variations/(\d+))?$~D', (string) $row->resource, $found) ? (int) ($found[2] ?? $found[1]) : 0;
    }

    private static function gone(int $id): string
    {
        /* translators: %d: number of a product. */
        return sprintf(__('Product %d, deleted', 'devskyy'), $id);
    }

    /** @return array<int, string> */
    private static function names(array $rows): array
    {
        $ids = array_values(array_unique(array_filter(array_map([self::class, 'product'], array_merge([], ...array_values($rows))))));
        _prime_post_caches($ids, false, false);
        return array_map('wp_strip_all_tags', array_filter(array_combine($ids, array_map('get_the_title', $ids))));
    }

    /** @return list<array{path: string, of: string, before: mixed, after: mixed}> */
    private static function changed(\stdClass $row, int $way, array $names): array
    {
        $found = [];
        foreach ((array) ($row->record->set ?? []) as $field) {
            [$was, $to] = [$field->was ?? null, $field->to ?? null];
            if ($field->path === 'stock_delta') {
                $to = is_numeric($was) && is_numeric($to) ? $was + $to : $to;
            } elseif ($was === $to) {
                continue; // A guard: it had to stand so and was not changed.
            }
            [$before, $after] = $way > 0 ? [$was, $to] : [$to, $was];
            $found[] = ['path' => $field->path, 'of' => $names[self::product($row)] ?? '', 'before' => self::cut($before), 'after' => self::cut($after)];
        }
        return $found;
    }

    private static function cut(mixed $value): mixed
    {
        return is_string($value) && mb_strlen($value) > 300 ? mb_substr($value, 0, 300) . '…' : $value;
    }
}
