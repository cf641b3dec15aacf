<?php

declare(strict_types=1);

namespace DevSkyy\Export;

use DevSkyy\Time;
use WC_Product;
use WC_Product_Variation;

/** Variations; what they inherit from their product is filled in, as WooCommerce's REST API does. */
final class Variations implements Source
{
    public function columns(): array
    {
        return ['id', 'product_id', 'status', 'sku', 'regular_price', 'sale_price', 'price', 'sale_from', 'sale_to', 'manage_stock', 'stock_quantity', 'stock_status', 'backorders', 'low_stock_amount', 'cost', 'weight', 'gtin', 'attributes', 'image_id', 'created_at', 'modified_at'];
    }

    public function rows(array $page): array
    {
        global $wpdb;
        $ids = $this->ids($page);
        if ($ids !== []) {
            // phpcs:ignore WordPress.DB.PreparedSQL -- integers only
            $parents = $wpdb->get_col("SELECT DISTINCT post_parent FROM {$wpdb->posts} WHERE ID IN (" . implode(',', $ids) . ')');
            Posts::prime(array_map('intval', $parents));
        }
        return Products::load($ids, self::row(...));
    }

    public function ids(array $page): array
    {
        return Posts::ids('product_variation', $page);
    }

    public function count(): int
    {
        return Posts::count('product_variation');
    }

    private static function row(WC_Product $variation): array
    {
        return [
            $variation->get_id(),
            $variation->get_parent_id(),
            $variation->get_status(),
            Export::text($variation->get_sku()),
            ...Products::prices($variation),
            ...Products::stock($variation),
            Products::cost($variation),
            Export::text($variation->get_weight()),
            Export::text($variation->get_global_unique_id()),
            $variation instanceof WC_Product_Variation ? self::attributes($variation) : [],
            (int) $variation->get_image_id() ?: null,
            Time::from_object($variation->get_date_created()),
            Time::from_object($variation->get_date_modified()),
        ];
    }

    /** @return list<array{name: string, option: string}> */
    private static function attributes(WC_Product_Variation $variation): array
    {
        $attributes = [];
        foreach ($variation->get_attributes() as $name => $value) {
            if ((string) $value === '') {
                continue;
            }
            $term = taxonomy_exists($name) ? get_term_by('slug', $value, $name) : null;
            $attributes[] = ['name' => wc_attribute_label($name, wc_get_product($variation->get_parent_id()) ?: null), 'option' => $term ? $term->name : (string) $value];
        }
        return $attributes;
    }
}
