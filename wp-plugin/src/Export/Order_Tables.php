<?php

declare(strict_types=1);

namespace DevSkyy\Export;

use Automattic\WooCommerce\Utilities\OrderUtil;

/** Which orders or refunds a page holds, from the order tables. */
final class Order_Tables
{
    /** @return list<int> */
    public static function ids(string $type, array $page): array
    {
        global $wpdb;
        $where = $wpdb->prepare('id > %d', $page['after']);
        // Left alone, MariaDB takes the index on type and status, and sorts what it finds there.
        $index = 'FORCE INDEX (PRIMARY)';
        if ($page['ids'] !== null) {
            $where = 'id IN (' . implode(',', $page['ids'] ?: [0]) . ')';
        }
        if ($page['modified_after'] !== null) {
            $index = '';
            $where .= $wpdb->prepare(' AND date_updated_gmt >= %s', gmdate('Y-m-d H:i:s', $page['modified_after']));
        }
        $sql = 'SELECT id FROM ' . OrderUtil::get_table_for_orders() . " {$index} WHERE {$where} AND " . self::kept($type) . ' ORDER BY id LIMIT ' . (int) $page['limit'];
        // phpcs:ignore WordPress.DB.PreparedSQL -- prepared above
        return array_map('intval', $wpdb->get_col($sql));
    }

    public static function count(string $type): int
    {
        global $wpdb;
        // phpcs:ignore WordPress.DB.PreparedSQL -- constants only
        return (int) $wpdb->get_var('SELECT COUNT(*) FROM ' . OrderUtil::get_table_for_orders() . ' WHERE ' . self::kept($type));
    }

    private static function kept(string $type): string
    {
        return "type = '{$type}' AND status NOT IN ('" . implode("','", Order_Columns::DRAFTS) . "')";
    }
}
