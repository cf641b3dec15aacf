<?php

declare(strict_types=1);

namespace DevSkyy\Events;

use DevSkyy\Time;

/** Turns what happens in the shop into events; works with HPOS on and off, for classic and block checkout alike. */
final class Hooks
{
    private const DRAFTS = ['checkout-draft', 'auto-draft', 'draft', 'new'];

    public static function register(): void
    {
        self::orders();
        self::products();
        self::reviews();
        add_action('woocommerce_created_customer', [self::class, 'customer']);
        add_action('woocommerce_new_customer', [self::class, 'customer']);
        add_action('user_register', [self::class, 'registered'], 20);
    }

    private static function orders(): void
    {
        // WooCommerce fires this once an order stops being a draft, whichever checkout made it.
        add_action('woocommerce_new_order', static fn (int $id, $order = null) => self::order('order.created', $id, $order), 20, 2);
        add_action('woocommerce_update_order', static fn (int $id, $order = null) => self::order('order.changed', $id, $order), 20, 2);
        foreach (['woocommerce_trash_order', 'woocommerce_untrash_order', 'woocommerce_delete_order'] as $hook) {
            add_action($hook, static fn ($id) => Outbox::note('order.changed', 'orders', (int) $id), 20);
        }
        foreach (['trashed_post', 'untrashed_post', 'before_delete_post'] as $hook) {
            // Orders that are posts (HPOS off) and are binned from the list.
            add_action($hook, static fn ($id) => get_post_type($id) === 'shop_order' ? Outbox::note('order.changed', 'orders', (int) $id) : null, 20);
        }
        add_action('woocommerce_order_refunded', [self::class, 'refunded'], 20, 2);
        add_action('woocommerce_refund_deleted', static fn ($refund_id, $order_id) => self::refunded((int) $order_id, (int) $refund_id), 20, 2);
    }

    private static function products(): void
    {
        foreach (['woocommerce_new_product', 'woocommerce_update_product', 'woocommerce_new_product_variation', 'woocommerce_update_product_variation'] as $hook) {
            add_action($hook, static fn ($id) => self::product('product.saved', (int) $id), 20);
        }
        // Quick edit, trash and other code save the post without WooCommerce's product object.
        foreach (['save_post_product', 'save_post_product_variation', 'untrashed_post'] as $hook) {
            add_action($hook, static fn ($id) => self::product('product.saved', (int) $id), 20);
        }
        add_action('trashed_post', static fn ($id) => self::product('product.deleted', (int) $id), 20);
        add_action('before_delete_post', static fn ($id) => self::product('product.deleted', (int) $id), 20);
        foreach (['woocommerce_product_set_stock', 'woocommerce_variation_set_stock'] as $hook) {
            add_action($hook, static fn ($product) => self::product('stock.changed', $product->get_id(), (string) $product->get_stock_quantity()), 20);
        }
        foreach (['woocommerce_product_set_stock_status', 'woocommerce_variation_set_stock_status'] as $hook) {
            add_action($hook, static fn ($id) => self::product('stock.changed', (int) $id), 20);
        }
    }

    private static function reviews(): void
    {
        add_action('wp_insert_comment', static fn ($id) => self::review((int) $id), 20);
        add_action('edit_comment', static fn ($id) => self::review((int) $id), 20);
        add_action('delete_comment', static fn ($id) => self::review((int) $id), 20);
        add_action('transition_comment_status', static fn ($new, $old, $comment) => self::review((int) $comment->comment_ID), 20, 3);
    }

    public static function refunded(int $order_id, int $refund_id): void
    {
        Outbox::note('order.refunded', 'refunds', $refund_id);
        Outbox::note('order.changed', 'orders', $order_id);
    }

    public static function customer(int $id): void
    {
        Outbox::note('customer.created', 'customers', $id);
    }

    public static function registered(int $id): void
    {
        if (in_array('customer', get_userdata($id)->roles ?? [], true)) {
            self::customer($id);
        }
    }

    private static function order(string $type, int $id, mixed $order): void
    {
        $order = $order instanceof \WC_Abstract_Order ? $order : wc_get_order($id);
        if ($order && $order->get_type() === 'shop_order' && !in_array($order->get_status(), self::DRAFTS, true)) {
            Outbox::note($type, 'orders', $id, Time::from_object($order->get_date_modified()));
        }
    }

    private static function product(string $type, int $id, ?string $version = null): void
    {
        $resource = match (get_post_type($id)) {
            'product' => 'products',
            'product_variation' => 'variations',
            default => null,
        };
        // A product being typed for the first time is no news yet.
        if ($resource !== null && get_post_status($id) !== 'auto-draft' && !wp_is_post_revision($id)) {
            Outbox::note($type, $resource, $id, $version);
        }
    }

    private static function review(int $id): void
    {
        $comment = get_comment($id);
        if ($comment && get_post_type((int) $comment->comment_post_ID) === 'product' && $comment->comment_type === 'review') {
            Outbox::note('review.posted', 'reviews', $id);
        }
    }
}
