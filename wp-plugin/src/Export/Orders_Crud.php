<?php

declare(strict_types=1);

namespace DevSkyy\Export;

use DevSkyy\Time;
use WC_Order;
use WC_Order_Refund;

/** Orders or refunds through wc_get_orders, for shops whose orders are posts (HPOS off). */
final class Orders_Crud implements Source
{
    private const CHUNK = 100;

    public function __construct(private readonly string $type)
    {
    }

    public function columns(): array
    {
        return $this->type === 'shop_order' ? Order_Columns::ORDERS : Order_Columns::REFUNDS;
    }

    public function rows(array $page): array
    {
        $rows = [];
        foreach (array_chunk($this->ids($page), self::CHUNK) as $ids) {
            $orders = wc_get_orders(['type' => $this->type, 'post__in' => $ids, 'limit' => -1, 'status' => $this->statuses(), 'orderby' => 'ID', 'order' => 'ASC']);
            foreach ($orders as $order) {
                $rows[] = $order instanceof WC_Order_Refund ? self::refund($order) : self::order($order);
            }
            // Each order stays in the object cache otherwise, and a page of thousands would not fit.
            wp_cache_supports('flush_runtime') && wp_cache_flush_runtime();
        }
        usort($rows, static fn (array $a, array $b): int => $a[0] <=> $b[0]);
        return $rows;
    }

    public function ids(array $page): array
    {
        $query = ['type' => $this->type, 'return' => 'ids', 'limit' => $page['limit'], 'status' => $this->statuses(), 'orderby' => 'ID', 'order' => 'ASC'];
        if ($page['ids'] !== null) {
            $query['post__in'] = $page['ids'] ?: [0];
        }
        if ($page['modified_after'] !== null) {
            $query['date_modified'] = '>=' . $page['modified_after'];
        }
        // wc_get_orders has no "id greater than": narrow its own query.
        $narrow = static function (string $where) use ($page): string {
            global $wpdb;
            return $where . $wpdb->prepare(" AND {$wpdb->posts}.ID > %d", $page['after']);
        };
        add_filter('posts_where', $narrow);
        $ids = array_map('intval', wc_get_orders($query));
        remove_filter('posts_where', $narrow);
        sort($ids);
        return $ids;
    }

    public function count(): int
    {
        return (int) wc_get_orders(['type' => $this->type, 'return' => 'ids', 'limit' => 1, 'paginate' => true, 'status' => $this->statuses()])->total;
    }

    /** Every registered status but drafts. */
    private function statuses(): array
    {
        return array_values(array_diff(array_keys(wc_get_order_statuses()), Order_Columns::DRAFTS));
    }

    private static function order(WC_Order $order): array
    {
        return [
            $order->get_id(),
            $order->get_status(),
            $order->get_currency(),
            Time::from_object($order->get_date_created()),
            Time::from_object($order->get_date_modified()),
            Time::from_object($order->get_date_paid()),
            Time::from_object($order->get_date_completed()),
            $order->get_customer_id(),
            Export::email_hash($order->get_billing_email()),
            Export::text($order->get_billing_country()),
            Export::postcode_area($order->get_billing_postcode()),
            Export::money($order->get_total()),
            Export::money($order->get_total_tax()),
            Export::money($order->get_shipping_total()),
            Export::money($order->get_discount_total()),
            (int) $order->get_prices_include_tax(),
            $order->get_payment_method(),
            $order->get_created_via(),
            array_values($order->get_coupon_codes()),
            self::lines($order),
        ];
    }

    private static function refund(WC_Order_Refund $refund): array
    {
        return [
            $refund->get_id(),
            $refund->get_parent_id(),
            Time::from_object($refund->get_date_created()),
            Time::from_object($refund->get_date_modified()),
            Export::money(abs((float) $refund->get_amount())),
            array_map([Refunds::class, 'line'], self::lines($refund)),
        ];
    }

    private static function lines(\WC_Abstract_Order $order): array
    {
        $lines = array_map(static fn (\WC_Order_Item_Product $item): array => [
            $item->get_id(),
            $item->get_product_id(),
            $item->get_variation_id(),
            Order_Columns::number($item->get_quantity()),
            Export::money($item->get_subtotal()),
            Export::money($item->get_total()),
            Export::money($item->get_total_tax()),
        ], array_values($order->get_items()));
        usort($lines, static fn (array $a, array $b): int => $a[0] <=> $b[0]);
        return $lines;
    }
}
