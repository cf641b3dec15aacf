<?php

declare(strict_types=1);

namespace DevSkyy\Export;

use DevSkyy\Time;

/** Product reviews without their authors. */
final class Reviews implements Source
{
    public function columns(): array
    {
        return ['id', 'product_id', 'rating', 'verified', 'status', 'text', 'created_at'];
    }

    public function rows(array $page): array
    {
        global $wpdb;
        $ids = $this->ids($page);
        update_meta_cache('comment', $ids);
        // phpcs:ignore WordPress.DB.PreparedSQL -- integers only
        $found = $ids === [] ? [] : $wpdb->get_results("SELECT comment_ID, comment_post_ID, comment_approved, comment_content, comment_date_gmt FROM {$wpdb->comments} WHERE comment_ID IN (" . implode(',', $ids) . ') ORDER BY comment_ID', ARRAY_N);
        return array_map(static fn (array $row): array => [
            (int) $row[0],
            (int) $row[1],
            (int) get_comment_meta((int) $row[0], 'rating', true),
            (int) (bool) get_comment_meta((int) $row[0], 'verified', true),
            $row[2] === '1' ? 'approved' : 'hold',
            Export::plain($row[3], 5000),
            Time::from_sql($row[4]),
        ], $found);
    }

    public function ids(array $page): array
    {
        global $wpdb;
        $where = $page['ids'] !== null ? 'comment_ID IN (' . implode(',', $page['ids'] ?: [0]) . ')' : $wpdb->prepare('comment_ID > %d', $page['after']);
        // phpcs:ignore WordPress.DB.PreparedSQL -- prepared above
        return array_map('intval', $wpdb->get_col('SELECT comment_ID FROM ' . $this->kept() . " AND {$where} ORDER BY comment_ID LIMIT " . (int) $page['limit']));
    }

    public function count(): int
    {
        global $wpdb;
        // phpcs:ignore WordPress.DB.PreparedSQL -- constants only
        return (int) $wpdb->get_var('SELECT COUNT(*) FROM ' . $this->kept());
    }

    private function kept(): string
    {
        return "{$GLOBALS['wpdb']->comments} WHERE comment_type = 'review' AND comment_approved IN ('0', '1')";
    }
}
