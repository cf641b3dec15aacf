<?php

declare(strict_types=1);

namespace DevSkyy\Export;

use Automattic\WooCommerce\Utilities\OrderUtil;
use DevSkyy\Shop;
use DevSkyy\Time;

/** Registered customers, without names and addresses. */
final class Customers implements Source
{
    public function columns(): array
    {
        return ['id', 'email_hash', 'country', 'postcode_area', 'created_at', 'orders_count', 'total_spent'];
    }

    public function rows(array $page): array
    {
        global $wpdb;
        $ids = $this->ids($page);
        if ($ids === []) {
            return [];
        }
        update_meta_cache('user', $ids);
        $totals = Shop::hpos() ? self::totals($ids) : [];
        // phpcs:ignore WordPress.DB.PreparedSQL -- integers only
        $found = $wpdb->get_results("SELECT ID, user_email, user_registered FROM {$wpdb->users} WHERE ID IN (" . implode(',', $ids) . ') ORDER BY ID', ARRAY_N);
        return array_map(static function (array $row) use ($totals): array {
            $id = (int) $row[0];
            [$count, $spent] = Shop::hpos() ? ($totals[$id] ?? [0, 0]) : [wc_get_customer_order_count($id), wc_get_customer_total_spent($id)];
            return [
                $id,
                Export::email_hash($row[1]),
                Export::text(get_user_meta($id, 'billing_country', true)),
                Export::postcode_area(get_user_meta($id, 'billing_postcode', true)),
                Time::from_sql($row[2]),
                (int) $count,
                Export::money($spent),
            ];
        }, $found);
    }

    public function ids(array $page): array
    {
        global $wpdb;
        $where = $page['ids'] !== null ? 'u.ID IN (' . implode(',', $page['ids'] ?: [0]) . ')' : $wpdb->prepare('u.ID > %d', $page['after']);
        // phpcs:ignore WordPress.DB.PreparedSQL -- prepared above and below
        return array_map('intval', $wpdb->get_col('SELECT u.ID FROM ' . self::from() . " AND {$where} ORDER BY u.ID LIMIT " . (int) $page['limit']));
    }

    public function count(): int
    {
        global $wpdb;
        // phpcs:ignore WordPress.DB.PreparedSQL -- prepared below
        return (int) $wpdb->get_var('SELECT COUNT(*) FROM ' . self::from());
    }

    private static function from(): string
    {
        global $wpdb;
        return "{$wpdb->users} u JOIN {$wpdb->usermeta} m ON m.user_id = u.ID" . $wpdb->prepare(' AND m.meta_key = %s AND m.meta_value LIKE %s WHERE 1 = 1', $wpdb->get_blog_prefix() . 'capabilities', '%"customer"%');
    }

    /** @return array<int, array{0: int, 1: string}> Orders and money spent on paid ones, as WooCommerce counts them. */
    private static function totals(array $ids): array
    {
        global $wpdb;
        $quote = static fn (array $statuses): string => "'" . implode("','", array_map('esc_sql', $statuses)) . "'";
        $all = $quote(array_keys(wc_get_order_statuses()));
        $paid = $quote(array_map(static fn (string $status): string => "wc-$status", wc_get_is_paid_statuses()));
        $sql = 'SELECT customer_id, COUNT(*), SUM(IF(status IN (' . $paid . '), total_amount, 0)) FROM ' . OrderUtil::get_table_for_orders() . " WHERE type = 'shop_order' AND status IN ({$all}) AND customer_id IN (" . implode(',', $ids) . ') GROUP BY customer_id';
        // phpcs:ignore WordPress.DB.PreparedSQL -- integers and escaped statuses only
        $found = $wpdb->get_results($sql, ARRAY_N);
        return array_combine(array_map('intval', array_column($found, 0)), array_map(static fn (array $row): array => [(int) $row[1], $row[2]], $found));
    }
}
