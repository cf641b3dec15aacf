<?php

declare(strict_types=1);

namespace DevSkyy\Tests;

use WP_REST_Request;
use WP_REST_Response;

/** The page Stock: what is handed on, what of the shop is added, files, and the low-stock level. */
final class Stock_Page_Test extends Shop_Test_Case
{
    private const ORDER = '0123456789abcdef0123456789abcdef';
    private const API = '/api/v1/inventory/';

    protected function setUp(): void
    {
        parent::setUp();
        $this->with_cookie();
    }

    protected function tearDown(): void
    {
        unset($_COOKIE[LOGGED_IN_COOKIE]);
        update_option('woocommerce_notify_low_stock_amount', 2);
        parent::tearDown();
    }

    /** @return array{0: \WC_Product_Variable, 1: \WC_Product_Variation} A product with one variation. */
    private function variation(array $parent = [], array $own = ['manage_stock' => true]): array
    {
        $product = new \WC_Product_Variable();
        $product->set_props($parent + ['name' => 'Shirt', 'status' => 'publish']);
        $product->save();
        $variation = new \WC_Product_Variation();
        $variation->set_props($own + ['parent_id' => $product->get_id(), 'regular_price' => '20', 'stock_quantity' => 5]);
        $variation->save();
        return [$product, $variation];
    }

    private function level(int $item, mixed $was, mixed $to): WP_REST_Response
    {
        return $this->call('POST', "/devskyy/v1/inventory/items/$item/low-stock", ['was' => $was, 'to' => $to]);
    }

    private function item(int $item, int $product): array
    {
        $this->answers = ['GET ' . self::API . "items/$item" => ['ok' => true, 'item' => ['item_id' => $item, 'product_id' => $product]]];
        return (array) $this->call('GET', "/devskyy/v1/inventory/items/$item")->get_data()->item->low_stock;
    }

    public function test_the_page_opens_with_one_request_that_asks_for_figures_and_items(): void
    {
        $product = $this->product(['manage_stock' => true, 'stock_quantity' => 3, 'low_stock_amount' => 7]);
        $picture = wp_insert_attachment(['post_mime_type' => 'image/png', 'post_title' => 'p', 'guid' => 'http://shop.test/p.png'], 'p.png');
        update_post_meta($product->get_id(), '_thumbnail_id', $picture);
        $this->answers = [
            'GET ' . self::API . 'overview' => ['ok' => true, 'as_of' => '2026-11-26T00:00:00Z', 'figures' => new \stdClass()],
            'GET ' . self::API . 'items' => ['ok' => true, 'items' => [['item_id' => $product->get_id(), 'product_id' => $product->get_id()]], 'total' => 1],
        ];
        $answer = $this->call('GET', '/devskyy/v1/inventory', null, ['state' => 'order', 'limit' => 25])->get_data();
        self::assertSame([self::API . 'overview', self::API . 'items?limit=25&state=order'], array_column($this->sent, 'path'));
        $row = $answer['items']->items[0];
        self::assertSame(['managed' => true, 'shared' => false, 'own' => 7, 'holds' => 7], $row->low_stock);
        self::assertStringContainsString('p.png', $row->thumbnail);
        self::assertArrayNotHasKey('stale', $answer);

        $this->answers = [];
        $old = $this->call('GET', '/devskyy/v1/inventory', null, ['state' => 'order', 'limit' => 25])->get_data();
        self::assertSame('sidecar_unreachable', $old['stale']['error']['code']);
        self::assertFalse(isset($old['overview']->stale) || isset($old['items']->stale));
        self::assertSame(7, $old['items']->items[0]->low_stock['holds'], 'the shop is asked anew');
        self::assertCount(3, $this->sent, 'the second question does not wait for a sidecar that was just away');
    }

    public function test_a_search_is_not_kept_for_later(): void
    {
        $this->answers = ['GET ' . self::API . 'items' => ['ok' => true, 'items' => []]];
        foreach ([['state' => 'all'], ['state' => 'all', 'search' => 'scarf']] as $query) {
            self::assertSame(200, $this->call('GET', '/devskyy/v1/inventory/items', null, $query)->get_status());
        }
        $this->answers = [];
        self::assertSame(200, $this->call('GET', '/devskyy/v1/inventory/items', null, ['state' => 'all'])->get_status());
        self::assertSame(503, $this->call('GET', '/devskyy/v1/inventory/items', null, ['state' => 'all', 'search' => 'scarf'])->get_status());
    }

    public function test_however_many_rows_there_are_the_shop_is_asked_by_a_few_queries(): void
    {
        global $wpdb;
        $ids = array_map(fn (int $n): int => $this->product(['name' => "Item $n", 'manage_stock' => true])->get_id(), range(1, 12));
        $this->answers = ['GET ' . self::API . 'items' => ['ok' => true, 'items' => array_map(static fn (int $id): array => ['item_id' => $id, 'product_id' => $id], $ids)]];
        $count = function (int $rows) use ($wpdb, $ids): int {
            $this->answers['GET ' . self::API . 'items'] = ['ok' => true, 'items' => array_map(static fn (int $id): array => ['item_id' => $id, 'product_id' => $id], array_slice($ids, 0, $rows))];
            wp_cache_flush();
            $before = $wpdb->num_queries;
            $this->call('GET', '/devskyy/v1/inventory/items', null, ['search' => 'x']);
            return $wpdb->num_queries - $before;
        };
        $count(1);
        self::assertSame($count(2), $count(12));
    }

    /** @dataProvider handed_on */
    public function test_what_a_person_does_is_handed_on_in_their_name(string $method, string $path, array $body, string $to): void
    {
        $this->answers = ["$method " . self::API => ['ok' => true, 'orders' => []]];
        $answer = $this->call($method, '/devskyy/v1/inventory/' . $path, $method === 'DELETE' ? null : $body);
        self::assertSame($method === 'POST' && in_array($path, ['suppliers', 'overrides', 'locations', 'purchase-orders'], true) ? 201 : 200, $answer->get_status());
        self::assertSame([$method, self::API . $to], [$this->sent[0]['method'], $this->sent[0]['path']]);
        self::assertSame($body, json_decode((string) wp_json_encode($this->sent[0]['body']), true) ?: []);
        [, $claims] = explode('.', substr($this->sent[0]['headers']['Authorization'], 7));
        self::assertStringContainsString('phpunit-administrator', (string) base64_decode(strtr($claims, '-_', '+/')));
    }

    public function handed_on(): array
    {
        $id = self::ORDER;
        return [
            'a supplier' => ['POST', 'suppliers', ['name' => 'Seta'], 'suppliers'],
            'a changed supplier' => ['PUT', "suppliers/$id", ['name' => 'Seta Milano'], "suppliers/$id"],
            'a supplier that goes' => ['DELETE', "suppliers/$id", [], "suppliers/$id"],
            'terms of an item' => ['PUT', 'supplies/12', ['moq' => 6, 'cost' => null], 'supplies/12'],
            'terms of the shop' => ['PUT', 'defaults', ['lead_days' => 10], 'defaults'],
            'a place' => ['POST', 'locations', ['name' => 'Warehouse'], 'locations'],
            'a changed place' => ['PUT', "locations/$id", ['name' => 'Shop'], "locations/$id"],
            'what lies at a place' => ['POST', "locations/$id/stock/import", ['csv' => "sku,quantity\nA,1"], "locations/$id/stock/import"],
            'pieces of an item at a place' => ['PUT', "locations/$id/stock/12", ['quantity' => 7], "locations/$id/stock/12"],
            'a file' => ['POST', 'supplies/import', ['csv' => "sku\nA"], 'supplies/import'],
            'a correction' => ['POST', 'overrides', ['item_id' => 12, 'factor' => 1.5], 'overrides'],
            'a correction taken back' => ['DELETE', "overrides/$id", [], "overrides/$id"],
            'orders' => ['POST', 'purchase-orders', ['lines' => [['item_id' => 12, 'quantity' => 3]]], 'purchase-orders'],
            'a changed order' => ['PUT', "purchase-orders/$id", ['note' => 'Please hurry'], "purchase-orders/$id"],
            'a deleted order' => ['DELETE', "purchase-orders/$id", [], "purchase-orders/$id"],
            'ordered another way' => ['POST', "purchase-orders/$id/mark-sent", [], "purchase-orders/$id/mark-sent"],
            'not sent after all' => ['POST', "purchase-orders/$id/reopen", [], "purchase-orders/$id/reopen"],
        ];
    }

    public function test_a_body_cannot_lead_elsewhere(): void
    {
        $this->answers = ['PUT ' . self::API . 'suppliers/' . self::ORDER => ['ok' => true]];
        $answer = $this->call('PUT', '/devskyy/v1/inventory/suppliers/' . self::ORDER, ['id' => '../../proposals/x', 'list' => 'purchase-orders', 'name' => 'Seta']);
        self::assertSame([200, self::API . 'suppliers/' . self::ORDER], [$answer->get_status(), $this->sent[0]['path']]);
        foreach (['suppliers/..', 'suppliers/a%2Fb', 'purchase-orders/x/approve', 'suppliers/x/y'] as $path) {
            self::assertSame(404, $this->call('PUT', "/devskyy/v1/inventory/$path", [])->get_status(), $path);
        }
    }

    public function test_only_staff_reads_and_only_a_person_in_front_of_wp_admin_changes(): void
    {
        $id = self::ORDER;
        $reads = ['', '/items', '/items/12', '/suppliers', '/supplies', '/supplies/12', '/overrides', '/locations', '/defaults', '/purchase-orders', "/purchase-orders/$id", "/purchase-orders/$id/pdf", '/supplies.csv', "/locations/$id/stock.csv"];
        $writes = array_map(static fn (array $one): array => [$one[0], '/' . $one[1], $one[2]], array_values($this->handed_on()));
        $writes[] = ['GET', "/purchase-orders/$id/mail", null];
        $writes[] = ['POST', '/items/12/low-stock', ['was' => null, 'to' => 3]];
        foreach (['editor' => false, 'shop_manager' => true] as $role => $may) {
            wp_set_current_user($this->user($role));
            $this->with_cookie();
            foreach ($reads as $path) {
                self::assertSame($may, $this->call('GET', "/devskyy/v1/inventory$path")->get_status() !== 403, "$role GET $path");
            }
            foreach ($writes as [$method, $path, $body]) {
                self::assertSame($may, $this->call($method, "/devskyy/v1/inventory$path", $body)->get_status() !== 403, "$role $method $path");
            }
        }
        // An application password or a key: no cookie.
        unset($_COOKIE[LOGGED_IN_COOKIE]);
        $this->sent = [];
        foreach ($writes as [$method, $path, $body]) {
            self::assertSame('session_required', $this->call($method, "/devskyy/v1/inventory$path", $body)->get_data()['code'], "$method $path");
        }
        self::assertSame([], $this->sent);
    }

    public function test_a_file_is_handed_on_as_it_is(): void
    {
        $this->answers = ['GET ' . self::API . 'purchase-orders/' . self::ORDER . '/pdf' => [200, "%PDF-1.7 \x00\xff", ['content-type' => 'application/pdf', 'content-disposition' => 'attachment; filename="order-7.pdf"']], 'GET ' . self::API . 'supplies.csv' => self::refusal(404, 'not_found')];
        $request = new WP_REST_Request('GET', '/devskyy/v1/inventory/purchase-orders/' . self::ORDER . '/pdf');
        $response = rest_do_request($request);
        ob_start();
        $served = apply_filters('rest_pre_serve_request', false, $response, $request, rest_get_server());
        $body = (string) ob_get_clean();
        remove_all_filters('rest_pre_serve_request');
        self::assertSame([true, "%PDF-1.7 \x00\xff"], [$served, $body]);
        self::assertSame('nosniff', $response->get_headers()['X-Content-Type-Options']);
        self::assertSame(['application/pdf', 'attachment; filename="order-7.pdf"'], [$response->get_headers()['Content-Type'], $response->get_headers()['Content-Disposition']]);
        self::assertSame('*/*', $this->sent[0]['headers']['Accept']);
        self::assertSame([404, 'not_found'], [$this->call('GET', '/devskyy/v1/inventory/supplies.csv')->get_status(), $this->call('GET', '/devskyy/v1/inventory/supplies.csv')->get_data()['code']]);
    }

    public function test_a_variation_has_a_level_of_its_own(): void
    {
        [$product, $variation] = $this->variation(['manage_stock' => true, 'low_stock_amount' => 4]);
        $other = $this->variation()[1];
        self::assertSame(['managed' => true, 'shared' => false, 'own' => null, 'holds' => 4], $this->item($variation->get_id(), $product->get_id()));
        $this->sent = [];
        $answer = $this->level($variation->get_id(), null, 9);
        self::assertSame([200, ['managed' => true, 'shared' => false, 'own' => 9, 'holds' => 9]], [$answer->get_status(), $answer->get_data()['low_stock']]);
        [$note] = array_values(array_filter($this->sent, static fn (array $one): bool => str_contains($one['path'], 'inventory')));
        self::assertSame(['POST', self::API . 'items/' . $variation->get_id() . '/low-stock', ['was' => null, 'to' => 9]], [$note['method'], $note['path'], (array) $note['body']], 'noted where the sidecar hears it, which here it did not');
        self::assertSame(9, wc_get_low_stock_amount(wc_get_product($variation->get_id())), 'WooCommerce goes by it');
        self::assertSame([4, 2], [wc_get_low_stock_amount(wc_get_product($product->get_id())), wc_get_low_stock_amount(wc_get_product($other->get_id()))]);
        // Taken back: nothing stands at the variation any more.
        self::assertSame(['managed' => true, 'shared' => false, 'own' => null, 'holds' => 4], $this->level($variation->get_id(), 9, null)->get_data()['low_stock']);
        self::assertSame('', get_post_meta($variation->get_id(), '_low_stock_amount', true));
    }

    public function test_variations_that_share_a_stock_share_its_level(): void
    {
        [$product, $variation] = $this->variation(['manage_stock' => true, 'stock_quantity' => 30], ['manage_stock' => false]);
        self::assertSame(['managed' => true, 'shared' => true, 'own' => null, 'holds' => 2], $this->item($variation->get_id(), $product->get_id()));
        self::assertSame(['managed' => true, 'shared' => true, 'own' => 6, 'holds' => 6], $this->level($variation->get_id(), null, 6)->get_data()['low_stock']);
        self::assertSame('6', (string) get_post_meta($product->get_id(), '_low_stock_amount', true));
    }

    public function test_a_level_that_somebody_changed_meanwhile_is_left_alone(): void
    {
        $product = $this->product(['manage_stock' => true, 'low_stock_amount' => 5]);
        $answer = $this->level($product->get_id(), null, 9);
        self::assertSame([409, 'changed_since'], [$answer->get_status(), $answer->get_data()['code']]);
        self::assertStringContainsString('it is 5 now', $answer->get_data()['message']);
        self::assertSame(5, wc_get_low_stock_amount(wc_get_product($product->get_id())));
    }

    /** @dataProvider nonsense */
    public function test_a_level_is_a_whole_number_of_pieces(mixed $to): void
    {
        $product = $this->product(['manage_stock' => true, 'low_stock_amount' => 5]);
        $answer = $this->level($product->get_id(), 5, $to);
        self::assertSame([400, ['to']], [$answer->get_status(), array_keys($answer->get_data()['data']['params'])]);
        self::assertSame(5, wc_get_low_stock_amount(wc_get_product($product->get_id())));
    }

    public function test_what_the_person_saw_and_wants_must_both_be_named(): void
    {
        $product = $this->product(['manage_stock' => true, 'low_stock_amount' => 5]);
        foreach ([['to' => 3], ['was' => 5], []] as $body) {
            $answer = $this->call('POST', '/devskyy/v1/inventory/items/' . $product->get_id() . '/low-stock', $body);
            self::assertSame([400, 'invalid'], [$answer->get_status(), $answer->get_data()['code']]);
        }
        self::assertSame(5, wc_get_low_stock_amount(wc_get_product($product->get_id())));
    }

    public function nonsense(): array
    {
        return [[-1], [1.5], ['many'], [9_999_999], [[3]], [true]];
    }

    public function test_without_managed_stock_there_is_no_level(): void
    {
        $product = $this->product();
        $answer = $this->level($product->get_id(), null, 9);
        self::assertSame([409, 'change_refused'], [$answer->get_status(), $answer->get_data()['code']]);
        self::assertSame(409, $this->level(999_999_999, null, 9)->get_status());
        self::assertFalse($this->item($product->get_id(), $product->get_id())['managed']);
    }

    public function test_the_shops_own_level_holds_where_none_is_set(): void
    {
        update_option('woocommerce_notify_low_stock_amount', 8);
        $product = $this->product(['manage_stock' => true]);
        self::assertSame(['managed' => true, 'shared' => false, 'own' => null, 'holds' => 8], $this->item($product->get_id(), $product->get_id()));
    }
}
