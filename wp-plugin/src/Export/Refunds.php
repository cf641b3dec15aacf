<?php

declare(strict_types=1);

namespace DevSkyy\Export;

use Automattic\WooCommerce\Utilities\OrderUtil;
use DevSkyy\Time;

/** Refunds from the order tables (HPOS on); what is stored negative leaves positive. */
final class Refunds implements Source
{
    public function columns(): array
    {
        return Order_Columns::REFUNDS;
    }

    public function rows(array $page): array
    {
        global $wpdb;
        $ids = $this->ids($page);
        if ($ids === []) {
            return [];
        }
        $in = implode(',', $ids);
        $orders = OrderUtil::get_table_for_orders();
        $sql = "SELECT o.id, o.parent_order_id, o.date_created_gmt, o.date_updated_gmt, COALESCE(m.meta_value, ABS(o.total_amount)) FROM {$orders} o LEFT JOIN {$wpdb->prefix}wc_orders_meta m ON m.order_id = o.id AND m.meta_key = '_refund_amount' WHERE o.id IN ({$in}) GROUP BY o.id ORDER BY o.id";
        // phpcs:ignore WordPress.DB.PreparedSQL -- integers and table names only
        $found = $wpdb->get_results($sql, ARRAY_N);
        $items = new Order_Items($ids);
        return array_map(static fn (array $row): array => [
            (int) $row[0],
            (int) $row[1],
            Time::from_sql($row[2]),
            Time::from_sql($row[3]),
            Export::money(abs((float) $row[4])),
            array_map([self::class, 'line'], $items->lines[(int) $row[0]] ?? []),
        ], $found);
    }

    public function ids(array $page): array
    {
        return Order_Tables::ids('shop_order_refund', $page);
    }

    public function count(): int
    {
        return Order_Tables::count('shop_order_refund');
    }

    /** [item_id, product_id, variation_id, quantity, total] of a refund's line, positive. */
    public static function line(array $line): array
    {
        return [$line[0], $line[1], $line[2], abs($line[3]), Export::money(abs((float) $line[5]))];
    }
}
