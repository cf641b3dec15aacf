<?php

/**
 * Orders of the test shop: a few through WooCommerce's own calls, many through rows that WooCommerce itself would write.
 */

declare(strict_types=1);

use Automattic\WooCommerce\Admin\API\Reports\Customers\DataStore as CustomersDataStore;

/** Things that can be sold: simple products and variations with a price. */
function devskyy_sellable(): array
{
    $found = wc_get_products(['limit' => -1, 'type' => ['simple', 'variation'], 'status' => 'publish', 'orderby' => 'ID', 'order' => 'ASC']);
    return array_values(array_filter($found, static fn(WC_Product $p): bool => (float) $p->get_price() > 0));
}

/** A day within the last `$days`, busier lately and at noon, as a timestamp. */
function devskyy_moment(int $days): int
{
    $age = (int) ($days * (mt_rand() / mt_getrandmax()) ** 1.3);
    return time() - ($age + 2) * DAY_IN_SECONDS + mt_rand(8, 20) * HOUR_IN_SECONDS % DAY_IN_SECONDS + mt_rand(0, 3599);
}

/** Whether a product is one of those that nobody has bought lately, so that there is slow stock to find. */
function devskyy_is_slow(WC_Product $product, int $moment): bool
{
    return in_array($product->get_name(), ['Long Sleeve Tee', 'Polo', 'T-Shirt with Logo'], true) && $moment > time() - 100 * DAY_IN_SECONDS;
}

/** Orders of the last 180 days by wc_create_order, some refunded, some open; oldest first. */
function devskyy_orders(int $count, array $customers): void
{
    $products = devskyy_sellable();
    $moments  = array_map(static fn(): int => devskyy_moment(180), range(1, max(1, $count)));
    sort($moments);
    add_filter('woocommerce_email_enabled_customer_completed_order', '__return_false');
    add_filter('woocommerce_can_reduce_order_stock', '__return_false');
    foreach (array_slice($moments, 0, $count) as $moment) {
        $customer = mt_rand(0, 2) ? $customers[mt_rand(0, count($customers) - 1)] : 0;
        $email    = $customer ? get_userdata($customer)->user_email : 'guest' . mt_rand(1, 40) . '@shop.test';
        $order    = wc_create_order(['customer_id' => $customer, 'created_via' => 'checkout']);
        for ($n = mt_rand(1, 3); $n > 0; $n--) {
            do {
                $product = $products[mt_rand(0, count($products) - 1)];
            } while (devskyy_is_slow($product, $moment));
            $order->add_product($product, mt_rand(1, 3));
        }
        $order->set_address(['first_name' => 'Buyer', 'last_name' => 'Test', 'address_1' => '1 High Street', 'city' => 'New York', 'postcode' => '10001', 'country' => 'US', 'state' => 'NY', 'email' => $email]);
        $order->set_payment_method('cod');
        $order->set_date_created($moment);
        $order->set_date_paid($moment + 60);
        $order->calculate_totals(false);
        $order->set_status(mt_rand(0, 9) ? 'completed' : 'processing');
        $order->set_date_completed($moment + DAY_IN_SECONDS);
        $order->save();
        if (0 === mt_rand(0, 14)) {
            $item = current($order->get_items());
            wc_create_refund(
                [
                    'order_id'     => $order->get_id(),
                    'date_created' => $moment + min(5 * DAY_IN_SECONDS, time() - $moment - 60),
                    'amount'       => $item->get_total(),
                    'line_items'   => [$item->get_id() => ['qty' => $item->get_quantity(), 'refund_total' => $item->get_total()] ],
                ]
            );
        }
    }
}

/** Rows into one table, 400 at a time; numbers and strings only. */
function devskyy_insert(string $table, array $columns, array $rows): void
{
    global $wpdb;
    foreach (array_chunk($rows, 400) as $chunk) {
        $values = [];
        foreach ($chunk as $row) {
            $values[] = '(' . implode(',', array_map(static fn($v): string => null === $v ? 'NULL' : (is_string($v) ? "'" . esc_sql($v) . "'" : (string) $v), $row)) . ')';
        }
        $sql = "INSERT INTO {$wpdb->prefix}{$table} (" . implode(',', $columns) . ') VALUES ' . implode(',', $values);
        if (false === $wpdb->query($sql)) { // phpcs:ignore WordPress.DB.PreparedSQL.NotPrepared -- built from escaped values above.
            throw new RuntimeException($table . ': ' . $wpdb->last_error);
        }
    }
}

/**
 * Many orders of the last two years straight into the order tables, in the same rows WooCommerce writes at checkout.
 *
 * wc_create_order makes about 30 a second; a bench needs 20,000. Only with WooCommerce's own order tables switched on.
 */
function devskyy_bulk_orders(int $count, array $customers): void
{
    global $wpdb;
    if ('yes' !== get_option('woocommerce_custom_orders_table_enabled')) {
        throw new RuntimeException('Bulk orders need the order tables (hpos=True).');
    }
    $products = devskyy_sellable();
    $moments  = array_map(static fn(): int => devskyy_moment(730), range(1, $count));
    sort($moments);
    $buyers   = [];
    foreach ($customers as $user) {
        CustomersDataStore::update_registered_customer($user);
        $buyers[] = [$user, (int) CustomersDataStore::get_customer_id_by_user_id($user), get_userdata($user)->user_email];
    }
    $order = 1 + (int) $wpdb->get_var("SELECT MAX(ID) FROM {$wpdb->posts}");
    $item  = 1 + (int) $wpdb->get_var("SELECT MAX(order_item_id) FROM {$wpdb->prefix}woocommerce_order_items");
    $wpdb->query('SET unique_checks=0, foreign_key_checks=0');
    foreach (array_chunk($moments, 1000) as $chunk) {
        $wpdb->query('START TRANSACTION');
        $rows = array_fill_keys(['posts', 'wc_orders', 'wc_order_addresses', 'wc_order_operational_data', 'woocommerce_order_items', 'woocommerce_order_itemmeta', 'wc_order_stats', 'wc_order_product_lookup'], []);
        foreach ($chunk as $moment) {
            $item = devskyy_order_rows($rows, $order++, $item, $moment, $products, $buyers);
        }
        foreach (devskyy_order_columns() as $table => $columns) {
            devskyy_insert($table, $columns, $rows[$table]);
        }
        $wpdb->query('COMMIT');
    }
    wp_cache_flush();
}

/** Columns of every table that an order touches. */
function devskyy_order_columns(): array
{
    return [
        'posts'                      => ['ID', 'post_author', 'post_date', 'post_date_gmt', 'post_modified', 'post_modified_gmt', 'post_content', 'post_title', 'post_excerpt', 'to_ping', 'pinged', 'post_content_filtered', 'post_status', 'post_type', 'comment_status', 'ping_status'],
        'wc_orders'                  => ['id', 'status', 'currency', 'type', 'tax_amount', 'total_amount', 'customer_id', 'billing_email', 'date_created_gmt', 'date_updated_gmt', 'parent_order_id', 'payment_method', 'payment_method_title'],
        'wc_order_addresses'         => ['order_id', 'address_type', 'first_name', 'last_name', 'address_1', 'city', 'state', 'postcode', 'country', 'email'],
        'wc_order_operational_data'  => ['order_id', 'created_via', 'woocommerce_version', 'prices_include_tax', 'coupon_usages_are_counted', 'download_permission_granted', 'new_order_email_sent', 'order_key', 'order_stock_reduced', 'date_paid_gmt', 'date_completed_gmt', 'shipping_tax_amount', 'shipping_total_amount', 'discount_tax_amount', 'discount_total_amount', 'recorded_sales'],
        'woocommerce_order_items'    => ['order_item_id', 'order_item_name', 'order_item_type', 'order_id'],
        'woocommerce_order_itemmeta' => ['order_item_id', 'meta_key', 'meta_value'],
        'wc_order_stats'             => ['order_id', 'parent_id', 'date_created', 'date_created_gmt', 'date_paid', 'date_completed', 'num_items_sold', 'total_sales', 'tax_total', 'shipping_total', 'net_total', 'returning_customer', 'status', 'customer_id'],
        'wc_order_product_lookup'    => ['order_item_id', 'order_id', 'product_id', 'variation_id', 'customer_id', 'date_created', 'product_qty', 'product_net_revenue', 'product_gross_revenue'],
    ];
}

/** Adds one order's rows to all tables; returns the next free item id. */
function devskyy_order_rows(array &$rows, int $order, int $item, int $moment, array $products, array $buyers): int
{
    $gmt      = gmdate('Y-m-d H:i:s', $moment);
    $local    = get_date_from_gmt($gmt);
    $paid     = gmdate('Y-m-d H:i:s', $moment + 60);
    $done     = gmdate('Y-m-d H:i:s', $moment + DAY_IN_SECONDS);
    $buyer    = mt_rand(0, 2) ? $buyers[mt_rand(0, count($buyers) - 1)] : [0, 0, 'guest' . mt_rand(1, 4000) . '@shop.test'];
    [$customer, $analyst, $email] = $buyer;
    $cents    = 0;
    $pieces   = 0;
    for ($n = mt_rand(1, 4); $n > 0; $n--) {
        $product = $products[mt_rand(0, count($products) - 1)];
        $parent  = $product->get_parent_id() ? $product->get_parent_id() : $product->get_id();
        $variant = $product->get_parent_id() ? $product->get_id() : 0;
        $qty     = mt_rand(1, 3);
        $line    = (int) round(100 * (float) $product->get_price()) * $qty;
        $total   = wc_format_decimal($line / 100, 2, true);
        $cents  += $line;
        $pieces += $qty;

        $rows['woocommerce_order_items'][] = [$item, $product->get_name(), 'line_item', $order];
        $rows['wc_order_product_lookup'][] = [$item, $order, $parent, $variant, $analyst, $local, $qty, $line / 100, $line / 100];
        $meta = ['_product_id' => $parent, '_variation_id' => $variant, '_qty' => $qty, '_tax_class' => '', '_line_subtotal' => $total, '_line_subtotal_tax' => 0, '_line_total' => $total, '_line_tax' => 0, '_line_tax_data' => 'a:2:{s:5:"total";a:0:{}s:8:"subtotal";a:0:{}}'];
        foreach ($meta as $key => $value) {
            $rows['woocommerce_order_itemmeta'][] = [$item, $key, (string) $value];
        }
        ++$item;
    }
    $sum = $cents / 100;

    $rows['posts'][]     = [$order, 1, $local, $gmt, $local, $gmt, '', '', '', '', '', '', 'draft', 'shop_order_placehold', 'closed', 'closed'];
    $rows['wc_orders'][] = [$order, 'wc-completed', 'USD', 'shop_order', 0, $sum, $customer, $email, $gmt, $done, 0, 'cod', 'Cash on delivery'];
    foreach (['billing', 'shipping'] as $type) {
        $rows['wc_order_addresses'][] = [$order, $type, 'Buyer', 'Test', '1 High Street', 'New York', 'NY', sprintf('%05d', 10001 + $order % 90), 'US', 'billing' === $type ? $email : null];
    }
    $rows['wc_order_operational_data'][] = [$order, 'checkout', WC()->version, 0, 1, 1, 1, 'wc_order_' . substr(md5((string) $order), 0, 13), 1, $paid, $done, 0, 0, 0, 0, 1];
    $rows['wc_order_stats'][]            = [$order, 0, $local, $gmt, get_date_from_gmt($paid), get_date_from_gmt($done), $pieces, $sum, 0, 0, $sum, 0, 'wc-completed', $analyst];
    return $item;
}
