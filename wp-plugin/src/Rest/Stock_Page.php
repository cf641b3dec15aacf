<?php

declare(strict_types=1);

namespace DevSkyy\Rest;

use DevSkyy\Changes\Applier;
use DevSkyy\Changes\Target;
use DevSkyy\Changes\Values;
use DevSkyy\Sidecar\Client;
use DevSkyy\Sidecar\Error_Hints;
use WP_Error;
use WP_REST_Request;
use WP_REST_Response;

/** The page Stock: forecasts, suppliers and purchase orders are the sidecar's; pictures and low-stock levels are the shop's own. */
final class Stock_Page
{
    private const PATH = '/api/v1/inventory/';
    private const LEVEL = 'low_stock_amount';
    /** A file with a line for each of ten thousand items takes the sidecar longer than a page may. */
    private const IMPORT_SECONDS = 60.0;

    /** All that the page opens with: the figures, the picture and the first items to order. */
    public static function first(WP_REST_Request $request): array|WP_Error
    {
        $overview = Client::get(self::PATH . 'overview');
        if (is_wp_error($overview)) {
            return $overview;
        }
        $items = self::items($request);
        if (is_wp_error($items)) {
            return $items;
        }
        $stale = $overview->stale ?? $items->stale ?? null;
        unset($overview->stale, $items->stale);
        return ['ok' => true, 'overview' => $overview, 'items' => $items] + ($stale === null ? [] : ['stale' => $stale]);
    }

    /** Only what the page opens with is kept for times without the sidecar: searches would crowd everything else out. */
    public static function items(WP_REST_Request $request): \stdClass|WP_Error
    {
        $query = Proxy::query($request, ['state', 'search', 'limit', 'cursor']);
        $kept = array_diff_key($query, ['state' => 1, 'limit' => 1]) === [];
        $answer = $kept ? Client::get(self::PATH . 'items', $query) : Client::request('GET', self::PATH . 'items', $query, null, ['person' => true]);
        is_wp_error($answer) || self::add_shop(array_filter((array) ($answer->items ?? []), 'is_object'));
        return $answer;
    }

    public static function item(WP_REST_Request $request): \stdClass|WP_Error
    {
        $answer = Client::get(self::PATH . 'items/' . $request['item']);
        is_wp_error($answer) || self::add_shop(array_filter([$answer->item ?? null], 'is_object'));
        return $answer;
    }

    public static function all(WP_REST_Request $request): \stdClass|WP_Error
    {
        return Client::get(self::PATH . $request['list'], Proxy::query($request, ['item_id', 'supplier_id', 'state', 'limit', 'cursor']));
    }

    public static function one(WP_REST_Request $request): \stdClass|WP_Error
    {
        return Client::get(self::PATH . $request['list'] . '/' . $request['id']);
    }

    public static function make(WP_REST_Request $request): WP_REST_Response|WP_Error
    {
        return Proxy::make($request, self::PATH . $request['list'], Proxy::body($request));
    }

    public static function change(WP_REST_Request $request): \stdClass|WP_Error
    {
        return Proxy::act('PUT', self::PATH . $request['list'] . '/' . $request['id'], Proxy::body($request));
    }

    public static function end(WP_REST_Request $request): \stdClass|WP_Error
    {
        return Proxy::act('DELETE', self::PATH . $request['list'] . '/' . $request['id']);
    }

    public static function change_defaults(WP_REST_Request $request): \stdClass|WP_Error
    {
        return Proxy::act('PUT', self::PATH . 'defaults', Proxy::body($request));
    }

    /** What would be sent to the supplier; asked for anew each time, since it is what the person then sends. */
    public static function mail(WP_REST_Request $request): \stdClass|WP_Error
    {
        return Client::request('GET', self::PATH . 'purchase-orders/' . $request['id'] . '/mail', [], null, ['person' => true]);
    }

    public static function step(WP_REST_Request $request): \stdClass|WP_Error
    {
        return Proxy::act('POST', self::PATH . 'purchase-orders/' . $request['id'] . '/' . $request['step'], Proxy::body($request));
    }

    public static function import(WP_REST_Request $request): \stdClass|WP_Error
    {
        wc_set_time_limit((int) self::IMPORT_SECONDS + 30);
        return Client::request('POST', self::PATH . $request['list'] . '/import', [], Proxy::body($request), ['person' => true, 'timeout' => self::IMPORT_SECONDS]);
    }

    /** A file of the sidecar as it is: a purchase order, or what is known of supplies. */
    public static function file(WP_REST_Request $request): WP_REST_Response|WP_Error
    {
        $file = Client::file(self::PATH . $request['file']);
        if (is_wp_error($file)) {
            return $file;
        }
        $response = new WP_REST_Response(null, 200, [
            'Content-Type' => $file['type'],
            'Content-Disposition' => 'attachment; filename="' . $file['name'] . '"',
            'X-Content-Type-Options' => 'nosniff',
        ]);
        add_filter('rest_pre_serve_request', static function (bool $served, mixed $result, WP_REST_Request $asked) use ($response, $file): bool {
            if ($served || $result !== $response) {
                return $served;
            }
            if ($asked->get_method() !== 'HEAD') {
                echo $file['body']; // phpcs:ignore WordPress.Security.EscapeOutput -- a file with its own type, never a page
            }
            return true;
        }, 10, 3);
        return $response;
    }

    /**
     * Sets the level at which WooCommerce warns of low stock, as the person, where the stock is managed: a variation, or its product for all of them.
     *
     * `was` is what the person saw; if something else stands there by now, nothing is written.
     */
    public static function low_stock(WP_REST_Request $request): array|WP_Error
    {
        // A level of null is the shop's own, which WordPress cannot tell from one that is missing.
        $missing = array_filter(['was', 'to'], static fn (string $name): bool => !$request->has_param($name));
        if ($missing !== []) {
            return Error_Hints::error('invalid', 400, '', ['fields' => array_fill_keys($missing, __('This is needed.', 'devskyy'))]);
        }
        $product = wc_get_product((int) $request['item']);
        $holder = $product ? wc_get_product($product->get_stock_managed_by_id()) : null;
        if (!$holder || !$holder->managing_stock()) {
            return Error_Hints::error('change_refused', 409, __('Stock is not managed for this product.', 'devskyy'), [], __('Switch on stock management in the product first.', 'devskyy'));
        }
        $resource = 'wc/v3/products/' . ($holder->is_type('variation') ? $holder->get_parent_id() . '/variations/' : '') . $holder->get_id();
        if (!Applier::lock([$resource])) {
            return Error_Hints::error('busy', 409);
        }
        try {
            $wrong = self::set_level($resource, $request['was'], $request['to']);
        } finally {
            Applier::unlock([$resource]);
        }
        if ($wrong !== null) {
            return $wrong;
        }
        // Only a note for Activity: without the sidecar the level holds all the same.
        Proxy::act('POST', self::PATH . 'items/' . $holder->get_id() . '/low-stock', ['was' => $request['was'], 'to' => $request['to']]);
        return ['ok' => true, 'low_stock' => self::level($product->get_id(), $product->get_parent_id() ?: $product->get_id())];
    }

    /** Compares, writes and reads back; answers what was in the way. */
    private static function set_level(string $resource, ?int $was, ?int $to): ?WP_Error
    {
        $before = Target::read($resource);
        if (is_wp_error($before)) {
            return $before;
        }
        $now = Target::value($before, self::LEVEL);
        if (!Values::same(self::LEVEL, $was, $now)) {
            /* translators: %s: number of pieces, or "(empty)" */
            return Error_Hints::error('changed_since', 409, sprintf(__('Somebody changed the level meanwhile; it is %s now.', 'devskyy'), Values::show($now)));
        }
        $done = Target::write($resource, [self::LEVEL => $to], $before);
        $after = is_wp_error($done) ? $done : Target::read($resource);
        if (is_wp_error($after)) {
            return $after;
        }
        return Values::same(self::LEVEL, $to, Target::value($after, self::LEVEL)) ? null : Error_Hints::error('failed', 409, __('WooCommerce did not take the level.', 'devskyy'));
    }

    /** @param array<\stdClass> $rows Each gets its picture and its low-stock level as they are in the shop now, by two queries however many rows there are. */
    private static function add_shop(array $rows): void
    {
        $ids = array_unique(array_merge(...array_map(static fn (\stdClass $row): array => [(int) ($row->item_id ?? 0), (int) ($row->product_id ?? 0)], array_values($rows))));
        $ids === [] || update_meta_cache('post', $ids);
        $images = [];
        foreach ($rows as $i => $row) {
            [$item, $product] = [(int) ($row->item_id ?? 0), (int) ($row->product_id ?? 0)];
            $images[$i] = (int) (get_post_meta($item, '_thumbnail_id', true) ?: get_post_meta($product, '_thumbnail_id', true));
            $row->low_stock = self::level($item, $product);
        }
        $wanted = array_values(array_unique(array_filter($images)));
        $wanted === [] || _prime_post_caches($wanted, false, true);
        foreach ($rows as $i => $row) {
            $url = $images[$i] > 0 ? wp_get_attachment_image_url($images[$i], 'thumbnail') : false;
            if ($url) {
                $row->thumbnail = $url;
            }
        }
    }

    /** @return array{managed: bool, shared: bool, own: int|null, holds: int} `own` stands at the item (or, shared, at its product); `holds` is what WooCommerce goes by. */
    private static function level(int $item, int $product): array
    {
        $own_stock = get_post_meta($item, '_manage_stock', true) === 'yes';
        $shared = !$own_stock && $item !== $product && get_post_meta($product, '_manage_stock', true) === 'yes';
        $own = get_post_meta($shared ? $product : $item, '_low_stock_amount', true);
        $of_product = get_post_meta($product, '_low_stock_amount', true);
        $holds = is_numeric($own) ? $own : (is_numeric($of_product) ? $of_product : get_option('woocommerce_notify_low_stock_amount', 2));
        return ['managed' => $own_stock || $shared, 'shared' => $shared, 'own' => is_numeric($own) ? (int) $own : null, 'holds' => (int) $holds];
    }
}
