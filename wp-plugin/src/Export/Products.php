<?php

declare(strict_types=1);

namespace DevSkyy\Export;

use DevSkyy\Shop;
use DevSkyy\Time;
use WC_Product;

/** Products through WooCommerce's objects, with their caches filled in bulk. */
final class Products implements Source
{
    private const CHUNK = 250;

    public function columns(): array
    {
        return ['id', 'type', 'status', 'name', 'sku', 'permalink', 'regular_price', 'sale_price', 'price', 'sale_from', 'sale_to', 'manage_stock', 'stock_quantity', 'stock_status', 'backorders', 'low_stock_amount', 'cost', 'weight', 'length', 'width', 'height', 'tax_class', 'gtin', 'catalog_visibility', 'categories', 'tags', 'attributes', 'images', 'description', 'short_description', 'total_sales', 'average_rating', 'review_count', 'created_at', 'modified_at'];
    }

    public function rows(array $page): array
    {
        return self::load($this->ids($page), self::row(...));
    }

    public function ids(array $page): array
    {
        return Posts::ids('product', $page);
    }

    public function count(): int
    {
        return Posts::count('product');
    }

    /**
     * Rows of many products in a bounded memory; one that WooCommerce cannot read is left out.
     *
     * @param callable(WC_Product): array $row
     */
    public static function load(array $ids, callable $row): array
    {
        $rows = [];
        foreach (array_chunk($ids, self::CHUNK) as $chunk) {
            Posts::prime($chunk);
            $products = array_filter(array_map('wc_get_product', $chunk));
            self::prime_images($products);
            foreach ($products as $product) {
                $rows[] = $row($product);
            }
            wp_cache_supports('flush_runtime') && wp_cache_flush_runtime();
        }
        return $rows;
    }

    /** Price columns that products and variations share, `regular_price` to `sale_to`. */
    public static function prices(WC_Product $product): array
    {
        return [
            Export::money($product->get_regular_price()),
            Export::money($product->get_sale_price()),
            Export::money($product->get_price()),
            Time::from_object($product->get_date_on_sale_from()),
            Time::from_object($product->get_date_on_sale_to()),
        ];
    }

    /** Stock columns that products and variations share, `manage_stock` to `low_stock_amount`. */
    public static function stock(WC_Product $product): array
    {
        $managed = $product->get_manage_stock();
        $low = $product->get_low_stock_amount();
        $quantity = $product->get_stock_quantity();
        return [
            $managed === 'parent' ? 2 : (int) (bool) $managed,
            $quantity === null ? null : Order_Columns::number($quantity),
            $product->get_stock_status(),
            $product->get_backorders(),
            $low === '' || $low === null ? null : Order_Columns::number($low),
        ];
    }

    /** What one piece costs the shop, or null when WooCommerce does not know. */
    public static function cost(WC_Product $product): ?string
    {
        static $on = null;
        $on ??= Shop::facts()['cogs'];
        if (!$on) {
            return null;
        }
        $total = $product->get_cogs_total_value();
        return $product->get_cogs_value() === null && (float) $total === 0.0 ? null : Export::money($total);
    }

    private static function row(WC_Product $product): array
    {
        return [
            $product->get_id(),
            $product->get_type(),
            $product->get_status(),
            $product->get_name(),
            Export::text($product->get_sku()),
            $product->get_permalink(),
            ...self::prices($product),
            ...self::stock($product),
            self::cost($product),
            Export::text($product->get_weight()),
            Export::text($product->get_length()),
            Export::text($product->get_width()),
            Export::text($product->get_height()),
            Export::text($product->get_tax_class()),
            Export::text($product->get_global_unique_id()),
            $product->get_catalog_visibility(),
            self::sorted($product->get_category_ids()),
            self::sorted($product->get_tag_ids()),
            self::attributes($product),
            self::images($product),
            Export::plain($product->get_description(), 20000),
            Export::plain($product->get_short_description(), 20000),
            (int) $product->get_total_sales(),
            Export::text($product->get_average_rating()),
            (int) $product->get_rating_count(),
            Time::from_object($product->get_date_created()),
            Time::from_object($product->get_date_modified()),
        ];
    }

    /** @return list<array{name: string, options: list<string>, variation: bool}> Labels and names, as shoppers read them. */
    private static function attributes(WC_Product $product): array
    {
        $attributes = [];
        foreach ($product->get_attributes() as $attribute) {
            if ($attribute instanceof \WC_Product_Attribute) {
                $options = $attribute->is_taxonomy() ? array_column($attribute->get_terms() ?: [], 'name') : $attribute->get_options();
                $attributes[] = ['name' => wc_attribute_label($attribute->get_name(), $product), 'options' => array_values(array_map('strval', $options)), 'variation' => $attribute->get_variation()];
            }
        }
        return $attributes;
    }

    /** @return list<array{id: int, alt: string}> The featured image first. */
    private static function images(WC_Product $product): array
    {
        $ids = array_values(array_unique(array_filter(array_map('intval', [$product->get_image_id(), ...$product->get_gallery_image_ids()]))));
        return array_map(static fn (int $id): array => ['id' => $id, 'alt' => (string) get_post_meta($id, '_wp_attachment_image_alt', true)], $ids);
    }

    private static function prime_images(array $products): void
    {
        $ids = [];
        foreach ($products as $product) {
            array_push($ids, $product->get_image_id(), ...$product->get_gallery_image_ids());
        }
        $ids = array_values(array_unique(array_filter(array_map('intval', $ids))));
        $ids === [] || _prime_post_caches($ids, false, true);
    }

    /** @return list<int> */
    private static function sorted(array $ids): array
    {
        $ids = array_map('intval', $ids);
        sort($ids);
        return $ids;
    }
}
