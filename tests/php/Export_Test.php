<?php

declare(strict_types=1);

namespace DevSkyy\Tests;

use DevSkyy\Export\Export;
use DevSkyy\Export\Orders;
use DevSkyy\Export\Orders_Crud;
use DevSkyy\Export\Refunds;

/** The rows of the export; that they equal wc/v3's is tested in tests/contract. */
final class Export_Test extends Shop_Test_Case
{
    private static function page(array $more = []): array
    {
        return $more + ['after' => 0, 'limit' => 100, 'ids' => null, 'modified_after' => null];
    }

    private static function row(string $resource, int $id): array
    {
        $answer = Export::page($resource, self::page(['ids' => [$id]]));
        self::assertCount(1, $answer['rows'], $resource);
        return array_combine($answer['columns'], $answer['rows'][0]);
    }

    public function test_an_order_from_tables_equals_the_same_order_from_objects(): void
    {
        self::hpos(true);
        $coupon = new \WC_Coupon();
        $coupon->set_code('ten' . self::id());
        $coupon->set_discount_type('percent');
        $coupon->set_amount('10');
        $coupon->save();
        $order = $this->order(['customer_id' => $this->user('customer'), 'payment_method' => 'cod', 'created_via' => 'checkout', 'prices_include_tax' => true], 3);
        $order->apply_coupon($coupon);
        $shipping = new \WC_Order_Item_Shipping();
        $shipping->set_total('4.5');
        $order->add_item($shipping);
        $order->calculate_totals();
        $order->set_status('completed');
        $order->save();
        $refund = wc_create_refund(['order_id' => $order->get_id(), 'amount' => 20, 'line_items' => [array_key_first($order->get_items()) => ['qty' => 1, 'refund_total' => 20]]]);
        $page = self::page(['ids' => [$order->get_id()]]);
        $tables = (new Orders())->rows($page);
        self::assertSame((new Orders_Crud('shop_order'))->rows($page), $tables);
        $row = array_combine((new Orders())->columns(), $tables[0]);
        self::assertSame(['completed', 'DE', '101', '58.50', '4.50', '6.00', 1, 'cod', 'checkout', [$coupon->get_code()]], [$row['status'], $row['country'], $row['postcode_area'], $row['total'], $row['shipping_total'], $row['discount_total'], $row['prices_include_tax'], $row['payment_method'], $row['created_via'], $row['coupons']]);
        self::assertSame([3, '60.00', '54.00'], array_slice($row['lines'][0], 3, 3));
        self::assertSame(Export::email_hash('anna@example.test'), $row['email_hash']);
        $page = self::page(['ids' => [$refund->get_id()]]);
        $tables = (new Refunds())->rows($page);
        self::assertSame((new Orders_Crud('shop_order_refund'))->rows($page), $tables);
        self::assertSame([$order->get_id(), '20.00', 1, '20.00'], [$tables[0][1], $tables[0][4], $tables[0][5][0][3], $tables[0][5][0][4]]);
    }

    public function test_lines_whose_values_do_not_stand_side_by_side(): void
    {
        self::hpos(true);
        global $wpdb;
        $orders = [];
        for ($i = 0; $i < 6; $i++) {
            $orders[] = $this->order([], $i + 1);
        }
        $ids = array_map(static fn ($order) => $order->get_id(), $orders);
        $near = self::page(['ids' => $ids]);
        $far = self::page(['ids' => [$ids[0], $ids[5]]]);
        $expected = (new Orders_Crud('shop_order'))->rows($near);
        self::assertSame([1, 2, 3, 4, 5, 6], array_map(static fn (array $row) => end($row)[0][3], $expected));
        self::assertSame($expected, (new Orders())->rows($near), 'one walk over the table');
        self::assertSame([$expected[0], $expected[5]], (new Orders())->rows($far), 'item by item');
        $item = array_key_first($orders[2]->get_items());
        $wpdb->query($wpdb->prepare("UPDATE {$wpdb->prefix}woocommerce_order_itemmeta SET meta_id = meta_id + 100000 WHERE order_item_id = %d AND meta_key = '_qty'", $item));
        self::assertSame($expected, (new Orders())->rows($near), 'a value that was written later');
        $wpdb->query($wpdb->prepare("UPDATE {$wpdb->prefix}woocommerce_order_itemmeta SET meta_id = meta_id - 100000 WHERE order_item_id = %d AND meta_key = '_qty'", $item));
        wc_update_order_item_meta($item, '_qty', "3\n4");
        self::assertSame(3, (new Orders())->rows($near)[2][19][0][3], 'a value of two lines');
    }

    public function test_orders_as_posts(): void
    {
        self::hpos(false);
        $first = $this->order();
        $second = $this->order();
        $draft = $this->order(['status' => 'checkout-draft']);
        $page = Export::page('orders', self::page(['after' => $first->get_id() - 1, 'limit' => 1]));
        self::assertSame([[$first->get_id()], $first->get_id()], [array_column($page['rows'], 0), $page['next']]);
        $page = Export::page('orders', self::page(['after' => $first->get_id()]));
        self::assertSame([[$second->get_id()], null], [array_column($page['rows'], 0), $page['next']]);
        self::assertSame([], Export::page('orders', self::page(['ids' => [$draft->get_id()]]))['rows']);
        self::assertSame([], Export::page('orders', self::page(['after' => $first->get_id() - 1, 'modified_after' => time() + 60]))['rows']);
        self::assertCount(2, Export::page('orders', self::page(['after' => $first->get_id() - 1, 'modified_after' => wc_get_order($first->get_id())->get_date_modified()->getTimestamp()]))['rows']);
        self::assertSame([$first->get_id(), $second->get_id()], Export::ids('orders', $first->get_id() - 1, 100)['ids']);
    }

    public function test_pages_of_orders_from_tables(): void
    {
        self::hpos(true);
        $first = $this->order();
        $second = $this->order();
        $draft = $this->order(['status' => 'checkout-draft']);
        $page = Export::page('orders', self::page(['after' => $first->get_id() - 1, 'limit' => 1]));
        self::assertSame([[$first->get_id()], $first->get_id()], [array_column($page['rows'], 0), $page['next']]);
        self::assertArrayNotHasKey('total', $page);
        $page = Export::page('orders', self::page(['after' => $first->get_id()]));
        self::assertSame([[$second->get_id()], null], [array_column($page['rows'], 0), $page['next']]);
        self::assertSame([], Export::page('orders', self::page(['ids' => [$draft->get_id(), 99999999]]))['rows']);
        self::assertCount(2, Export::page('orders', self::page(['after' => $first->get_id() - 1, 'modified_after' => $first->get_date_modified()->getTimestamp()]))['rows'], 'inclusive');
        self::assertSame(Export::counts()['orders'], Export::page('orders', self::page(['limit' => 1]))['total']);
    }

    public function test_a_product(): void
    {
        $product = $this->product(['manage_stock' => true, 'stock_quantity' => 7, 'low_stock_amount' => 2, 'sale_price' => '15', 'date_on_sale_to' => '2027-01-01T00:00:00Z', 'description' => '<p>Soft &amp; warm</p><p>Really</p>', 'sku' => 'S' . self::id(), 'weight' => '0.5']);
        $row = self::row('products', $product->get_id());
        self::assertSame(['simple', 'publish', '20.00', '15.00', '15.00', null, '2027-01-01T00:00:00Z', 1, 7, 2, '0.5', null, 'Soft & warm Really'], [$row['type'], $row['status'], $row['regular_price'], $row['sale_price'], $row['price'], $row['sale_from'], $row['sale_to'], $row['manage_stock'], $row['stock_quantity'], $row['low_stock_amount'], $row['weight'], $row['length'], $row['description']]);
        wp_trash_post($product->get_id());
        self::assertSame([], Export::page('products', self::page(['ids' => [$product->get_id()]]))['rows']);
    }

    public function test_a_variation_inherits(): void
    {
        $parent = new \WC_Product_Variable();
        $parent->set_props(['name' => 'Dress', 'sku' => 'P' . self::id(), 'weight' => '2', 'manage_stock' => true, 'stock_quantity' => 9]);
        $attribute = new \WC_Product_Attribute();
        $attribute->set_name('Size');
        $attribute->set_options(['S', 'M']);
        $attribute->set_variation(true);
        $parent->set_attributes([$attribute]);
        $parent->save();
        $variation = new \WC_Product_Variation();
        $variation->set_props(['parent_id' => $parent->get_id(), 'regular_price' => '50', 'attributes' => ['size' => 'M']]);
        $variation->save();
        $row = self::row('variations', $variation->get_id());
        self::assertSame([$parent->get_id(), $parent->get_sku(), '50.00', 2, 9, '2', [['name' => 'Size', 'option' => 'M']]], [$row['product_id'], $row['sku'], $row['price'], $row['manage_stock'], $row['stock_quantity'], $row['weight'], $row['attributes']]);
        self::assertSame([['name' => 'Size', 'options' => ['S', 'M'], 'variation' => true]], self::row('products', $parent->get_id())['attributes']);
    }

    public function test_a_customer_without_name_and_address(): void
    {
        $name = 'c' . self::id();
        $id = wc_create_new_customer("$name@example.test", $name, 'password');
        update_user_meta($id, 'billing_postcode', 'sw1a 1aa');
        update_user_meta($id, 'billing_country', 'GB');
        $this->order(['customer_id' => $id]);
        $row = self::row('customers', $id);
        self::assertSame(['GB', 'SW1', 1, '40.00', Export::email_hash("$name@example.test")], [$row['country'], $row['postcode_area'], $row['orders_count'], $row['total_spent'], $row['email_hash']]);
        self::assertStringNotContainsString($name, (string) wp_json_encode($row));
    }

    public function test_coupons_categories_and_reviews(): void
    {
        $coupon = new \WC_Coupon();
        $coupon->set_props(['code' => 'x' . self::id(), 'amount' => '5', 'date_expires' => '2027-01-01T00:00:00Z']);
        $coupon->save();
        self::assertSame(['fixed_cart', '5.00', '2027-01-01T00:00:00Z', 0], array_slice(array_values(self::row('coupons', $coupon->get_id())), 2, 4));
        $term = wp_insert_term('Scarves ' . self::id(), 'product_cat');
        self::assertSame(0, self::row('categories', $term['term_id'])['count']);
        $product = $this->product();
        $review = wp_insert_comment(['comment_post_ID' => $product->get_id(), 'comment_author' => 'Anna', 'comment_content' => 'So <b>soft</b>', 'comment_type' => 'review', 'comment_approved' => 0]);
        update_comment_meta($review, 'rating', 4);
        $row = self::row('reviews', $review);
        self::assertSame([$product->get_id(), 4, 0, 'hold', 'So soft'], array_slice(array_values($row), 1, 5));
        self::assertStringNotContainsString('Anna', (string) wp_json_encode($row));
    }

    public function test_a_page_costs_a_few_queries_however_long_it_is(): void
    {
        self::hpos(true);
        global $wpdb;
        $ids = [];
        for ($i = 0; $i < 12; $i++) {
            $ids[] = $this->order()->get_id();
        }
        $count = static function (array $ids) use ($wpdb): int {
            $before = $wpdb->num_queries;
            self::assertCount(count($ids), Export::page('orders', self::page(['ids' => $ids]))['rows']);
            return $wpdb->num_queries - $before;
        };
        self::assertSame($count(array_slice($ids, 0, 2)), $count($ids));
        // Orders, their items, where the items' values stand, the longest text, the values, and the ids.
        self::assertLessThanOrEqual(6, $count($ids));
    }
}
