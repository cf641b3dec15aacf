<?php

declare(strict_types=1);

namespace DevSkyy\Export;

use Automattic\WooCommerce\Utilities\OrderUtil;
use DevSkyy\Time;

/** Orders straight from WooCommerce's order tables (HPOS on): two queries for each 900 orders. */
final class Orders implements Source
{
    // MariaDB turns longer lists of ids into a temporary table.
    private const CHUNK = 900;

    public function columns(): array
    {
        return Order_Columns::ORDERS;
    }

    public function rows(array $page): array
    {
        $rows = [];
        // In pieces, so that memory does not grow with the page: the items' values are by far the most.
        foreach (array_chunk($this->ids($page), self::CHUNK) as $ids) {
            array_push($rows, ...$this->chunk($ids));
        }
        return $rows;
    }

    public function ids(array $page): array
    {
        return Order_Tables::ids('shop_order', $page);
    }

    public function count(): int
    {
        return Order_Tables::count('shop_order');
    }

    /** @param list<int> $ids */
    private function chunk(array $ids): array
    {
        global $wpdb;
        $in = implode(',', $ids);
        $orders = OrderUtil::get_table_for_orders();
        $sql = "SELECT o.id, o.status, o.currency, o.date_created_gmt, o.date_updated_gmt, d.date_paid_gmt, d.date_completed_gmt, o.customer_id, o.billing_email, a.country, a.postcode,
                o.total_amount, o.tax_amount, d.shipping_tax_amount, d.shipping_total_amount, d.discount_total_amount, d.prices_include_tax, o.payment_method, d.created_via
            FROM {$orders} o
            LEFT JOIN {$wpdb->prefix}wc_order_operational_data d ON d.order_id = o.id
            LEFT JOIN {$wpdb->prefix}wc_order_addresses a ON a.order_id = o.id AND a.address_type = 'billing'
            WHERE o.id IN ({$in}) ORDER BY o.id";
        // phpcs:ignore WordPress.DB.PreparedSQL -- integers and table names only
        $found = $wpdb->get_results($sql, ARRAY_N);
        $items = new Order_Items($ids);
        return array_map(static fn (array $row): array => self::row($row, $items), $found);
    }

    private static function row(array $row, Order_Items $items): array
    {
        $id = (int) $row[0];
        return [
            $id,
            Order_Columns::status($row[1]),
            $row[2],
            Time::from_sql($row[3]),
            Time::from_sql($row[4]),
            Time::from_sql($row[5]),
            Time::from_sql($row[6]),
            (int) $row[7],
            Export::email_hash($row[8]),
            Export::text($row[9]),
            Export::postcode_area($row[10]),
            Export::money($row[11] ?? '0'),
            Export::money((float) $row[12] + (float) $row[13]),
            Export::money($row[14] ?? '0'),
            Export::money($row[15] ?? '0'),
            (int) $row[16],
            (string) $row[17],
            (string) $row[18],
            $items->coupons[$id] ?? [],
            $items->lines[$id] ?? [],
        ];
    }
}
