<?php

declare(strict_types=1);

namespace DevSkyy\Changes;

use DevSkyy\Sidecar\Error_Hints;
use WP_Error;
use WP_REST_Request;

/** Reads and writes one REST resource as the current user, in the words of a proposal's paths. */
final class Target
{
    public const SALE = ['regular_price', 'sale_price', 'date_on_sale_from_gmt', 'date_on_sale_to_gmt'];
    private const NULLABLE = ['low_stock_amount', 'usage_limit', 'usage_limit_per_user'];

    public static function is_price(string $path): bool
    {
        return in_array($path, self::SALE, true);
    }

    /** The resource as WordPress's own REST layer shows it to an editor. */
    public static function read(string $resource): array|WP_Error
    {
        // The object caches may hold what stood there before another request wrote.
        self::forget($resource);
        return self::call('GET', $resource, ['context' => 'edit']);
    }

    /** The value of a path in what `read` answered. */
    public static function value(array $data, string $path): mixed
    {
        if (preg_match('/^meta_data\[(.+)\]$/', $path, $found)) {
            return self::meta($data, $found[1]);
        }
        if (preg_match('/^images\[(\d+)\]\.alt$/', $path, $found)) {
            return $data['images'][(int) $found[1]]['alt'] ?? null;
        }
        if ($path === 'stock_delta') {
            return $data['stock_quantity'] ?? null;
        }
        return Values::is_ids($path) ? Values::ids($data[$path] ?? []) : ($data[$path] ?? null);
    }

    public static function has(array $data, string $path): bool
    {
        if (preg_match('/^images\[(\d+)\]/', $path, $found)) {
            return isset($data['images'][(int) $found[1]]);
        }
        if ($path === 'stock_delta') {
            return ($data['manage_stock'] ?? false) === true;
        }
        return str_starts_with($path, 'meta_data[') ? array_key_exists('meta_data', $data) : array_key_exists($path, $data);
    }

    /**
     * Writes values by path in one request; image texts and stock moves have their own.
     *
     * @param array<string, mixed> $values
     */
    public static function write(string $resource, array $values, array $current): bool|WP_Error
    {
        $body = [];
        foreach ($values as $path => $value) {
            if (preg_match('/^meta_data\[(.+)\]$/', $path, $found)) {
                $body['meta_data'][] = ['key' => $found[1], 'value' => $value === '' ? null : $value];
            } elseif (!preg_match('/^(images\[|stock_delta$)/', $path)) {
                $body[$path] = self::to_send($path, $value);
            }
        }
        $done = $body === [] ? [] : self::call('PUT', $resource, [], $body);
        foreach ($values as $path => $value) {
            if (!is_wp_error($done) && preg_match('/^images\[(\d+)\]\.alt$/', $path, $found)) {
                // WooCommerce's products route ignores an empty text, so undo needs the media route.
                $done = self::call('PUT', 'wp/v2/media/' . (int) ($current['images'][(int) $found[1]]['id'] ?? 0), [], ['alt_text' => (string) $value]);
            }
        }
        if (!is_wp_error($done) && isset($values['stock_delta'])) {
            $done = self::move_stock($resource, (int) $values['stock_delta']);
        }
        return is_wp_error($done) ? $done : true;
    }

    public static function create(string $resource, \stdClass $body, string $change_id): int|WP_Error
    {
        $fields = json_decode((string) wp_json_encode($body), true);
        $fields['meta_data'] = array_merge($fields['meta_data'] ?? [], [['key' => '_devskyy_change_id', 'value' => $change_id]]);
        $done = self::call('POST', $resource, [], $fields);
        return is_wp_error($done) ? $done : (int) ($done['id'] ?? 0);
    }

    /** The id of what a change has already created, or 0: looked up before any retry. */
    public static function created(string $change_id): int
    {
        global $wpdb;
        $sql = "SELECT m.post_id FROM {$wpdb->postmeta} m JOIN {$wpdb->posts} p ON p.ID = m.post_id WHERE m.meta_key = '_devskyy_change_id' AND m.meta_value = %s AND p.post_status <> 'trash' LIMIT 1";
        return (int) $wpdb->get_var($wpdb->prepare($sql, $change_id));
    }

    public static function delete(string $resource): bool|WP_Error
    {
        $done = self::call('DELETE', $resource, ['force' => 'true']);
        $gone = is_wp_error($done) && in_array((int) ($done->get_error_data()['status'] ?? 0), [404, 410], true);
        return is_wp_error($done) && !$gone ? $done : true;
    }

    private static function call(string $method, string $resource, array $query = [], ?array $body = null): array|WP_Error
    {
        $request = new WP_REST_Request($method, '/' . $resource);
        $request->set_query_params($query);
        if ($body !== null) {
            $request->set_header('Content-Type', 'application/json');
            $request->set_body((string) wp_json_encode($body));
        }
        $response = rest_do_request($request);
        if ($response->is_error()) {
            $error = $response->as_error();
            return Error_Hints::error((string) $error->get_error_code(), $response->get_status(), $error->get_error_message());
        }
        return (array) $response->get_data();
    }

    /**
     * Adds to the stock in one SQL statement under the approver's own rights.
     *
     * WooCommerce's `inventory_delta` reads, adds in PHP and writes, so that a sale in between would be lost.
     */
    private static function move_stock(string $resource, int $delta): bool|WP_Error
    {
        $product = wc_get_product(self::id($resource));
        if (!$product || !$product->managing_stock()) {
            return Error_Hints::error('change_refused', 409, __('Stock is not managed for this product.', 'devskyy'));
        }
        if (!wc_rest_check_post_permissions($product->is_type('variation') ? 'product_variation' : 'product', 'edit', $product->get_id())) {
            return Error_Hints::error('not_allowed', 403);
        }
        if ($delta !== 0) {
            wc_update_product_stock($product, abs($delta), $delta > 0 ? 'increase' : 'decrease');
        }
        return true;
    }

    private static function meta(array $data, string $key): mixed
    {
        foreach ($data['meta_data'] ?? [] as $meta) {
            $meta = $meta instanceof \WC_Meta_Data ? $meta->get_data() : (array) $meta;
            if ($meta['key'] === $key) {
                return $meta['value'];
            }
        }
        return null;
    }

    private static function to_send(string $path, mixed $value): mixed
    {
        if (in_array($path, ['categories', 'tags', 'brands'], true)) {
            return array_map(static fn (int $id): array => ['id' => $id], Values::ids($value));
        }
        if ($value === null || $value === '') {
            return in_array($path, self::NULLABLE, true) ? null : '';
        }
        return is_object($value) ? (array) $value : $value;
    }

    private static function id(string $resource): int
    {
        return (int) substr((string) strrchr($resource, '/'), 1);
    }

    private static function forget(string $resource): void
    {
        if (preg_match('#^wc/v3/(products|coupons)/#', $resource) && !preg_match('#/(categories|tags)/#', $resource)) {
            clean_post_cache(self::id($resource));
        }
    }
}
