<?php

/**
 * Fills the shop: WooCommerce's sample products through WooCommerce's importer, pictures, cost, stock, people, orders, reviews.
 *
 * Everything hangs on one seed, so two shops of the same kind hold the same rows.
 */

declare(strict_types=1);

require __DIR__ . '/load.php';
require __DIR__ . '/orders.php';

mt_srand(20260101);
set_time_limit(0);
wp_set_current_user(1);
devskyy_import_products();
foreach (wc_get_products(['limit' => -1, 'orderby' => 'ID', 'order' => 'ASC']) as $product) {
    devskyy_dress_product($product);
}
$customers = devskyy_add_customers();
if ($input['orders'] > 1000) {
    devskyy_bulk_orders((int) $input['orders'], $customers);
} else {
    devskyy_orders((int) $input['orders'], $customers);
}
devskyy_reviews($customers);

/** WooCommerce's own CSV through WooCommerce's own importer, without the pictures, which lie on a server far away. */
function devskyy_import_products(): void
{
    require_once WC_ABSPATH . 'includes/import/class-wc-product-csv-importer.php';
    require_once WC_ABSPATH . 'includes/admin/importers/class-wc-product-csv-importer-controller.php';

    $file     = WC_ABSPATH . 'sample-data/sample_products.csv';
    $reader   = new WC_Product_CSV_Importer($file, ['lines' => 1, 'parse' => false]);
    $map      = new ReflectionMethod(WC_Product_CSV_Importer_Controller::class, 'auto_map_columns');
    $columns  = $map->invoke(new WC_Product_CSV_Importer_Controller(), $reader->get_raw_keys(), false);
    $columns  = array_filter($columns, static fn(string $to): bool => 'images' !== $to);
    $importer = new WC_Product_CSV_Importer($file, ['parse' => true, 'mapping' => $columns, 'prevent_timeouts' => false, 'lines' => -1]);
    $done     = $importer->import();
    if ($done['failed'] || ! $done['imported']) {
        throw new RuntimeException('Sample products: ' . wp_json_encode(array_map(static fn($e) => is_wp_error($e) ? $e->get_error_message() : $e, $done['failed'])));
    }
}

/** A picture, an age, a cost of goods and a counted stock for one product and its variations. */
function devskyy_dress_product(WC_Product $product): void
{
    $product->set_image_id(devskyy_picture($product));
    // Older than the first order, as in a shop that has been open for a while.
    $product->set_date_created(time() - 800 * DAY_IN_SECONDS);
    $parts = $product->is_type('variable') ? array_map('wc_get_product', $product->get_children()) : [$product];
    foreach ($parts as $part) {
        if (! $part->is_type(['simple', 'variation']) || '' === $part->get_regular_price()) {
            continue;
        }
        $part->set_date_created(time() - 800 * DAY_IN_SECONDS);
        $part->set_cogs_value(round((float) $part->get_regular_price() * mt_rand(35, 60) / 100, 2));
        if (! $part->is_virtual()) {
            $part->set_manage_stock(true);
            $part->set_stock_quantity(mt_rand(20, 120));
        }
        $part->save();
    }
    $product->save();
}

/** Attachment id of a plain coloured tile with the product's name. */
function devskyy_picture(WC_Product $product): int
{
    $size  = 400;
    $tile  = imagecreatetruecolor($size, $size);
    $hue   = crc32($product->get_name());
    $back  = imagecolorallocate($tile, 150 + $hue % 90, 150 + ($hue >> 8) % 90, 150 + ($hue >> 16) % 90);
    $front = imagecolorallocate($tile, 40, 40, 60);
    imagefilledrectangle($tile, 0, 0, $size, $size, $back);
    imagefilledellipse($tile, 200, 180, 220, 220, $front);
    imagestring($tile, 5, 200 - 4 * strlen($product->get_name()), 340, $product->get_name(), $front);
    $path = wp_upload_dir()['path'] . '/' . sanitize_title($product->get_name()) . '.png';
    imagepng($tile, $path);
    $id = wp_insert_attachment(['post_mime_type' => 'image/png', 'post_title' => $product->get_name()], $path, $product->get_id());
    require_once ABSPATH . 'wp-admin/includes/image.php';
    wp_update_attachment_metadata($id, wp_generate_attachment_metadata($id, $path));
    // One picture without its text, for the agent that looks for gaps.
    update_post_meta($id, '_wp_attachment_image_alt', 'Beanie with Logo' === $product->get_name() ? '' : $product->get_name());
    return $id;
}

/** Twelve registered customers with an address; returns their user ids. */
function devskyy_add_customers(): array
{
    $places = [[ 'US', 'NY', '10001', 'New York'], ['US', 'CA', '94103', 'San Francisco'], ['DE', '', '10115', 'Berlin'], ['GB', '', 'SW1A 1AA', 'London'] ];
    $ids    = [];
    for ($n = 1; $n <= 12; $n++) {
        $customer = new WC_Customer();
        $customer->set_username('buyer' . $n);
        $customer->set_password(wp_generate_password(24));
        $customer->set_email("buyer{$n}@shop.test");
        $customer->set_first_name('Buyer');
        $customer->set_last_name((string) $n);
        list($country, $state, $postcode, $city) = $places[$n % 4];
        $customer->set_billing_country($country);
        $customer->set_billing_state($state);
        $customer->set_billing_postcode($postcode);
        $customer->set_billing_city($city);
        $customer->set_billing_address_1($n . ' High Street');
        $customer->set_billing_email("buyer{$n}@shop.test");
        $customer->save();
        $ids[] = $customer->get_id();
    }
    return $ids;
}

/** Some reviews with ratings, from customers, spread over the products. */
function devskyy_reviews(array $customers): void
{
    $words    = [1 => 'Came apart after a week.', 2 => 'Not what I expected.', 3 => 'All right for the price.', 4 => 'Good, a little large.', 5 => 'Fits well, would buy again.'];
    $products = wc_get_products(['limit' => 10, 'orderby' => 'ID', 'order' => 'ASC', 'return' => 'ids']);
    foreach (array_slice($products, 0, 10) as $product) {
        for ($n = mt_rand(1, 4); $n > 0; $n--) {
            $rating = max(1, 5 - intdiv(mt_rand(0, 11), 3));
            $user   = get_userdata($customers[mt_rand(0, count($customers) - 1)]);
            wp_insert_comment(
                [
                    'comment_post_ID'      => $product,
                    'comment_author'       => $user->display_name,
                    'comment_author_email' => $user->user_email,
                    'user_id'              => $user->ID,
                    'comment_content'      => $words[$rating],
                    'comment_type'         => 'review',
                    'comment_approved'     => 1,
                    'comment_date_gmt'     => gmdate('Y-m-d H:i:s', time() - mt_rand(1, 150) * DAY_IN_SECONDS),
                    'comment_meta'         => ['rating' => $rating],
                ]
            );
        }
        WC_Comments::clear_transients($product);
    }
}
