<?php

declare(strict_types=1);

namespace DevSkyy\Export;

/** Lines and coupons of many orders in two queries. */
final class Order_Items
{
    private const KEYS = ['_product_id', '_variation_id', '_qty', '_line_subtotal', '_line_total', '_line_tax'];

    /** @var array<int, list<list<mixed>>> Lines by order: [item_id, product_id, variation_id, quantity, subtotal, total, total_tax]. */
    public array $lines = [];
    /** @var array<int, list<string>> Coupon codes by order. */
    public array $coupons = [];

    /** @param list<int> $order_ids */
    public function __construct(array $order_ids)
    {
        global $wpdb;
        if ($order_ids === []) {
            return;
        }
        $in = implode(',', array_map('intval', $order_ids));
        $meta = $this->meta($in);
        $items = "{$wpdb->prefix}woocommerce_order_items";
        // phpcs:ignore WordPress.DB.PreparedSQL -- integers only
        foreach ($wpdb->get_results("SELECT order_item_id, order_id, order_item_type, order_item_name FROM {$items} WHERE order_id IN ({$in}) AND order_item_type IN ('line_item', 'coupon') ORDER BY order_item_id", ARRAY_N) as [$id, $order, $type, $name]) {
            if ($type === 'coupon') {
                $this->coupons[(int) $order][] = $name;
                continue;
            }
            $values = $meta[$id] ?? [];
            $this->lines[(int) $order][] = [
                (int) $id,
                (int) ($values['_product_id'] ?? 0),
                (int) ($values['_variation_id'] ?? 0),
                Order_Columns::number($values['_qty'] ?? 0),
                Export::money($values['_line_subtotal'] ?? '0'),
                Export::money($values['_line_total'] ?? '0'),
                Export::money($values['_line_tax'] ?? '0'),
            ];
        }
    }

    /** @return array<string, array<string, string>> Wanted values by item id. */
    private function meta(string $in): array
    {
        global $wpdb;
        $keys = "'" . implode("','", self::KEYS) . "'";
        $sql = "SELECT m.order_item_id, m.meta_key, m.meta_value FROM {$wpdb->prefix}woocommerce_order_items i JOIN {$wpdb->prefix}woocommerce_order_itemmeta m ON m.order_item_id = i.order_item_id WHERE i.order_id IN ({$in}) AND i.order_item_type = 'line_item' AND m.meta_key IN ({$keys})";
        $meta = [];
        // phpcs:ignore WordPress.DB.PreparedSQL -- integers and constants only
        foreach ($wpdb->get_results($sql, ARRAY_N) as [$id, $key, $value]) {
            $meta[$id][$key] = $value;
        }
        return $meta;
    }
}
