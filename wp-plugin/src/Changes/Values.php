<?php

declare(strict_types=1);

namespace DevSkyy\Changes;

/** Typed comparison of a field's values: "20" is "20.00", null is "", lists of ids are sets, dates are instants. */
final class Values
{
    private const NUMBERS = ['regular_price', 'sale_price', 'price', 'low_stock_amount', 'stock_quantity', 'weight', 'amount', 'minimum_amount', 'maximum_amount', 'usage_limit', 'menu_order', 'parent'];
    private const IDS = ['categories', 'tags', 'brands', 'upsell_ids', 'cross_sell_ids', 'product_ids'];

    public static function same(string $path, mixed $a, mixed $b): bool
    {
        if (self::blank($a) || self::blank($b)) {
            return self::blank($a) && self::blank($b);
        }
        if (in_array($path, self::IDS, true)) {
            return self::ids($a) === self::ids($b);
        }
        if (str_starts_with($path, 'date_') || str_contains($path, 'date_expires')) {
            return self::instant($a) === self::instant($b);
        }
        if (in_array($path, self::NUMBERS, true) || is_int($a) || is_int($b) || is_float($a) || is_float($b)) {
            return is_numeric($a) && is_numeric($b) && self::number($a) === self::number($b);
        }
        if (!is_scalar($a) || !is_scalar($b)) {
            return wp_json_encode($a) === wp_json_encode($b);
        }
        return self::text($a) === self::text($b);
    }

    public static function is_ids(string $path): bool
    {
        return in_array($path, self::IDS, true);
    }

    /** @return list<int> Sorted; accepts ids and objects with an `id`. */
    public static function ids(mixed $value): array
    {
        $ids = array_map(static function ($item): int {
            $item = is_object($item) ? (array) $item : $item;
            return (int) (is_array($item) ? ($item['id'] ?? 0) : $item);
        }, is_array($value) ? array_values($value) : []);
        sort($ids);
        return array_values(array_unique($ids));
    }

    /** A field in a sentence, in the words of the product's screen; what has no word there keeps its name. */
    public static function label(string $path): string
    {
        if (preg_match('/^images\[(\d+)\]\.alt$/', $path, $found)) {
            /* translators: %d: number of a picture of a product */
            return sprintf(__('Alternative text of picture %d', 'devskyy'), (int) $found[1] + 1);
        }
        return match ($path) {
            'regular_price' => __('Regular price', 'devskyy'),
            'sale_price' => __('Sale price', 'devskyy'),
            'date_on_sale_from', 'date_on_sale_from_gmt' => __('Sale starts', 'devskyy'),
            'date_on_sale_to', 'date_on_sale_to_gmt' => __('Sale ends', 'devskyy'),
            'low_stock_amount' => __('Low stock threshold', 'devskyy'),
            'name' => __('Name', 'devskyy'),
            'description' => __('Description', 'devskyy'),
            'short_description' => __('Short description', 'devskyy'),
            'weight' => __('Weight', 'devskyy'),
            'sku' => __('SKU', 'devskyy'),
            'categories' => __('Categories', 'devskyy'),
            'tags' => __('Tags', 'devskyy'),
            default => $path,
        };
    }

    /** A value in a sentence. */
    public static function show(mixed $value): string
    {
        if (self::blank($value)) {
            return __('(empty)', 'devskyy');
        }
        return mb_strimwidth(is_scalar($value) ? self::text($value) : (string) wp_json_encode($value), 0, 80, '…');
    }

    private static function blank(mixed $value): bool
    {
        return $value === null || $value === '' || $value === [];
    }

    /** A number in one spelling: no leading zeros, plus sign, or trailing zeros behind the point. */
    private static function number(mixed $value): string
    {
        $text = is_float($value) ? rtrim(sprintf('%.8F', $value), '0') : trim((string) $value);
        if (!preg_match('/^([+-]?)0*(\d*)(?:\.(\d*?)0*)?$/', $text, $parts)) {
            return $text;
        }
        $digits = ($parts[2] === '' ? '0' : $parts[2]) . (($parts[3] ?? '') === '' ? '' : '.' . $parts[3]);
        return ($parts[1] === '-' && $digits !== '0' ? '-' : '') . $digits;
    }

    private static function instant(mixed $value): int
    {
        // WooCommerce's *_gmt fields carry no zone and mean UTC, which is what WordPress sets PHP to.
        return is_int($value) ? $value : (int) strtotime((string) $value);
    }

    private static function text(mixed $value): string
    {
        if (is_bool($value)) {
            return $value ? 'true' : 'false';
        }
        // WordPress stores "&" as "&amp;" for people without unfiltered_html and trims; that is no difference to a reader.
        return trim(str_replace("\r\n", "\n", html_entity_decode((string) $value, ENT_QUOTES | ENT_HTML5, 'UTF-8')));
    }
}
