<?php

declare(strict_types=1);

namespace DevSkyy\Export;

/** Which posts of a type a page holds: products, variations, coupons. */
final class Posts
{
    private const GONE = "('trash', 'auto-draft', 'inherit')";

    /** @return list<int> */
    public static function ids(string $type, array $page): array
    {
        global $wpdb;
        $where = $wpdb->prepare('p.ID > %d', $page['after']);
        if ($page['ids'] !== null) {
            $where = 'p.ID IN (' . implode(',', $page['ids'] ?: [0]) . ')';
        }
        if ($page['modified_after'] !== null) {
            $where .= $wpdb->prepare(' AND p.post_modified_gmt >= %s', gmdate('Y-m-d H:i:s', $page['modified_after']));
        }
        $sql = 'SELECT p.ID FROM ' . self::from($type) . " AND {$where} ORDER BY p.ID LIMIT " . (int) $page['limit'];
        // phpcs:ignore WordPress.DB.PreparedSQL -- prepared above
        return array_map('intval', $wpdb->get_col($sql));
    }

    public static function count(string $type): int
    {
        global $wpdb;
        // phpcs:ignore WordPress.DB.PreparedSQL -- constants only
        return (int) $wpdb->get_var('SELECT COUNT(*) FROM ' . self::from($type));
    }

    /** Loads posts, their fields and terms into WordPress's caches in a few queries, so that objects cost none. */
    public static function prime(array $ids, bool $terms = true): void
    {
        _prime_post_caches($ids, $terms, true);
    }

    private static function from(string $type): string
    {
        global $wpdb;
        // A variation lives only as long as its product does.
        $parent = $type === 'product_variation' ? " JOIN {$wpdb->posts} parent ON parent.ID = p.post_parent AND parent.post_type = 'product' AND parent.post_status NOT IN " . self::GONE : '';
        return "{$wpdb->posts} p{$parent} WHERE p.post_type = '{$type}' AND p.post_status NOT IN " . self::GONE;
    }
}
