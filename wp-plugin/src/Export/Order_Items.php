<?php

declare(strict_types=1);

namespace DevSkyy\Export;

/** Lines and coupons of many orders at once. */
final class Order_Items
{
    private const KEYS = ['_product_id', '_variation_id', '_qty', '_line_subtotal', '_line_total', '_line_tax'];
    /** An item's values as lines of text: one row instead of six, whose fetching would be most of PHP's time. */
    private const TEXT = "GROUP_CONCAT(m.order_item_id, m.meta_key, '=', m.meta_value SEPARATOR '\n')";
    /** Rows that a walk over a table may pass for each one that is wanted. */
    private const NEAR = 3;
    /** Bytes of values in one text. */
    private const LONGEST = 16_777_216;

    /** @var array<int, list<list<mixed>>> Lines by order: [item_id, product_id, variation_id, quantity, subtotal, total, total_tax]. */
    public array $lines = [];
    /** @var array<int, list<string>> Coupon codes by order. */
    public array $coupons = [];

    /** @param list<int> $order_ids */
    public function __construct(array $order_ids)
    {
        $in = implode(',', array_map('intval', $order_ids)) ?: '0';
        $items = self::items($in);
        $values = $items === [] ? [] : self::walked(array_keys($items)) ?? self::picked($in);
        foreach ($items as $id => [, $order, $type, $name]) {
            if ($type === 'coupon') {
                $this->coupons[(int) $order][] = $name;
                continue;
            }
            $own = $values[$id] ?? [];
            $this->lines[(int) $order][] = [
                $id,
                (int) ($own['_product_id'] ?? 0),
                (int) ($own['_variation_id'] ?? 0),
                Order_Columns::number($own['_qty'] ?? 0),
                Export::money($own['_line_subtotal'] ?? '0'),
                Export::money($own['_line_total'] ?? '0'),
                Export::money($own['_line_tax'] ?? '0'),
            ];
        }
    }

    /** @return array<int, list<string>> [id, order, type, name] by id. */
    private static function items(string $in): array
    {
        global $wpdb;
        $sql = "SELECT order_item_id, order_id, order_item_type, order_item_name FROM {$wpdb->prefix}woocommerce_order_items
            WHERE order_id IN ({$in}) AND order_item_type IN ('line_item', 'coupon') ORDER BY order_id, order_item_id";
        // phpcs:ignore WordPress.DB.PreparedSQL -- integers and constants only
        return array_column($wpdb->get_results($sql, ARRAY_N), null, 0);
    }

    /**
     * Values of the items from one walk over the table; null when they do not stand side by side.
     *
     * Orders of one time usually do, and the walk takes half the time of finding item after item.
     */
    private static function walked(array $ids): ?array
    {
        global $wpdb;
        [$from, $to] = [min($ids), max($ids)];
        if ($to - $from >= self::NEAR * count($ids)) {
            return null;
        }
        $table = $wpdb->prefix . 'woocommerce_order_itemmeta';
        $items = "m.order_item_id BETWEEN {$from} AND {$to}";
        // phpcs:ignore WordPress.DB.PreparedSQL -- integers only
        [$first, $last, $count] = array_map('intval', $wpdb->get_row("SELECT MIN(m.meta_id), MAX(m.meta_id), COUNT(*) FROM {$table} m WHERE {$items}", ARRAY_N));
        if ($last - $first >= self::NEAR * $count) {
            return null;
        }
        $wpdb->query('SET SESSION group_concat_max_len = ' . self::LONGEST); // MySQL's own is 1 kB
        $sql = 'SELECT COUNT(m.meta_value), ' . self::TEXT . " FROM {$table} m WHERE m.meta_id BETWEEN {$first} AND {$last} AND {$items} AND " . self::keys();
        // phpcs:ignore WordPress.DB.PreparedSQL -- integers and constants only
        [$count, $text] = $wpdb->get_row($sql, ARRAY_N);
        $values = self::parsed((string) $text, $found);
        return $found === (int) $count ? $values : null;
    }

    /** Values of the items, each found by its index. */
    private static function picked(string $in): array
    {
        global $wpdb;
        // Grouped as the index on order_id stands, so that the database sorts nothing.
        $sql = 'SELECT ' . self::TEXT . " FROM {$wpdb->prefix}woocommerce_order_items i
            JOIN {$wpdb->prefix}woocommerce_order_itemmeta m ON m.order_item_id = i.order_item_id AND " . self::keys() . "
            WHERE i.order_id IN ({$in}) AND i.order_item_type = 'line_item' GROUP BY i.order_id, i.order_item_id";
        // phpcs:ignore WordPress.DB.PreparedSQL -- integers and constants only
        return self::parsed(implode("\n", $wpdb->get_col($sql)));
    }

    private static function keys(): string
    {
        return "m.meta_key IN ('" . implode("','", self::KEYS) . "')";
    }

    /** @return array<int, array<string, string>> Values by item and key; `$found` becomes their number. */
    private static function parsed(string $text, ?int &$found = null): array
    {
        $values = [];
        $found = preg_match_all('/^(\d+)(_\w+)=(.*)$/m', $text, $parts);
        foreach ($parts[1] as $n => $id) {
            $values[(int) $id][$parts[2][$n]] = $parts[3][$n];
        }
        return $values;
    }
}
