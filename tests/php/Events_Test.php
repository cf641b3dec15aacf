<?php

declare(strict_types=1);

namespace DevSkyy\Tests;

use DevSkyy\Events\Outbox;
use DevSkyy\Sidecar\Connection;

/** What happens in the shop becomes events. */
final class Events_Test extends Shop_Test_Case
{
    /** @return list<string> "type resource id" of what waits. */
    private static function noted(): array
    {
        return array_map(static fn (\stdClass $row): string => "$row->type $row->resource $row->resource_id", Outbox::waiting(100));
    }

    /** @dataProvider storages */
    public function test_an_order_is_created_then_changed(bool $hpos): void
    {
        self::hpos($hpos);
        $order = $this->order();
        $id = $order->get_id();
        self::assertContains("order.created orders $id", self::noted());
        self::assertNotContains("order.changed orders $id", self::noted(), 'one event for one thing in one request');
        Outbox::clear();
        $order->set_status('completed');
        $order->save();
        self::assertContains("order.changed orders $id", self::noted());
    }

    public function storages(): array
    {
        return ['order tables' => [true], 'orders as posts' => [false]];
    }

    /** @dataProvider storages */
    public function test_a_draft_is_no_news_until_it_is_placed(bool $hpos): void
    {
        self::hpos($hpos);
        $order = $this->order(['status' => 'checkout-draft']);
        self::assertSame([], array_filter(self::noted(), static fn (string $event): bool => str_starts_with($event, 'order.')));
        $order->set_status('pending');
        $order->save();
        self::assertContains("order.created orders {$order->get_id()}", self::noted());
        self::assertNotContains("order.changed orders {$order->get_id()}", self::noted());
    }

    /** @dataProvider storages */
    public function test_a_refund_names_itself_and_its_order(bool $hpos): void
    {
        self::hpos($hpos);
        $order = $this->order();
        Outbox::clear();
        $refund = wc_create_refund(['order_id' => $order->get_id(), 'amount' => 5]);
        self::assertContains("order.refunded refunds {$refund->get_id()}", self::noted());
        self::assertContains("order.changed orders {$order->get_id()}", self::noted());
    }

    /** @dataProvider storages */
    public function test_a_binned_order(bool $hpos): void
    {
        self::hpos($hpos);
        $order = $this->order();
        Outbox::clear();
        $id = $order->get_id();
        $order->delete(false);
        self::assertContains("order.changed orders $id", self::noted());
    }

    public function test_products_and_variations(): void
    {
        $product = $this->product();
        $id = $product->get_id();
        self::assertContains("product.saved products $id", self::noted());
        Outbox::clear();
        wp_update_post(['ID' => $id, 'post_title' => 'Quick edit']);
        self::assertSame(["product.saved products $id"], self::noted());
        Outbox::clear();
        wp_trash_post($id);
        self::assertContains("product.deleted products $id", self::noted());
        $parent = new \WC_Product_Variable();
        $parent->set_name('Dress');
        $parent->save();
        $variation = new \WC_Product_Variation();
        $variation->set_parent_id($parent->get_id());
        $variation->save();
        self::assertContains("product.saved variations {$variation->get_id()}", self::noted());
    }

    public function test_stock(): void
    {
        $product = $this->product(['manage_stock' => true, 'stock_quantity' => 5]);
        Outbox::clear();
        wc_update_product_stock($product->get_id(), 1, 'decrease');
        self::assertContains("stock.changed products {$product->get_id()}", self::noted());
        self::assertSame('4', array_values(array_filter(Outbox::waiting(10), static fn (\stdClass $row): bool => $row->type === 'stock.changed'))[0]->version);
    }

    public function test_reviews_and_nothing_else_that_is_a_comment(): void
    {
        $product = $this->product();
        Outbox::clear();
        $id = wp_insert_comment(['comment_post_ID' => $product->get_id(), 'comment_content' => 'Soft.', 'comment_type' => 'review', 'comment_approved' => 1]);
        $this->order()->add_order_note('A note');
        $events = array_values(array_filter(self::noted(), static fn (string $event): bool => str_starts_with($event, 'review.')));
        self::assertSame(["review.posted reviews $id"], $events);
    }

    public function test_customers(): void
    {
        $name = 'c' . self::id();
        $id = wc_create_new_customer("$name@example.test", $name, 'password');
        self::assertContains("customer.created customers $id", self::noted());
        Outbox::clear();
        wp_insert_user(['user_login' => "e$name", 'user_pass' => 'x', 'user_email' => "e$name@example.test", 'role' => 'editor']);
        self::assertSame([], self::noted());
    }

    public function test_a_thing_that_changes_after_it_was_sent_is_sent_again(): void
    {
        Outbox::note('product.saved', 'products', 7);
        Outbox::note('product.saved', 'products', 7);
        self::assertCount(1, self::noted());
        Outbox::remove([(int) Outbox::waiting(1)[0]->seq]);
        self::assertTrue(Outbox::settle());
        self::assertSame(['product.saved products 7'], self::noted());
        self::assertFalse(Outbox::settle(), 'and only once');
    }

    public function test_no_pairing_no_events(): void
    {
        Connection::forget();
        $this->product();
        self::assertSame([], self::noted());
    }

    public function test_events_hold_no_personal_data(): void
    {
        $this->order();
        $all = (string) wp_json_encode($GLOBALS['wpdb']->get_results('SELECT * FROM ' . \DevSkyy\Database::outbox()));
        self::assertStringNotContainsStringIgnoringCase('anna', $all);
        self::assertStringNotContainsString('10 115', $all);
    }
}
