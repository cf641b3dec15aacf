<?php

declare(strict_types=1);

namespace DevSkyy\Export;

/** Product categories. */
final class Categories implements Source
{
    public function columns(): array
    {
        return ['id', 'parent', 'name', 'slug', 'count'];
    }

    public function rows(array $page): array
    {
        $terms = get_terms(['taxonomy' => 'product_cat', 'hide_empty' => false, 'include' => $this->ids($page) ?: [0], 'orderby' => 'term_id', 'order' => 'ASC']);
        return array_map(static fn (\WP_Term $term): array => [$term->term_id, $term->parent, html_entity_decode($term->name), $term->slug, (int) $term->count], is_array($terms) ? array_values($terms) : []);
    }

    public function ids(array $page): array
    {
        global $wpdb;
        $where = $page['ids'] !== null ? 'term_id IN (' . implode(',', $page['ids'] ?: [0]) . ')' : $wpdb->prepare('term_id > %d', $page['after']);
        // phpcs:ignore WordPress.DB.PreparedSQL -- prepared above
        return array_map('intval', $wpdb->get_col("SELECT term_id FROM {$wpdb->term_taxonomy} WHERE taxonomy = 'product_cat' AND {$where} ORDER BY term_id LIMIT " . (int) $page['limit']));
    }

    public function count(): int
    {
        return (int) wp_count_terms(['taxonomy' => 'product_cat', 'hide_empty' => false]);
    }
}
