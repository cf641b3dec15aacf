<?php

declare(strict_types=1);

namespace DevSkyy\Tests;

use DevSkyy\Changes\Applier;
use DevSkyy\Changes\Canonical_Json;
use DevSkyy\Changes\Ledger;
use DevSkyy\Changes\Undo;
use DevSkyy\Database;
use DevSkyy\Events\Outbox;

/** Applying and undoing on real products. */
final class Applier_Test extends Shop_Test_Case
{
    public function test_a_patch_is_written_and_remembered(): void
    {
        $product = $this->product(['manage_stock' => true, 'stock_quantity' => 8]);
        $id = self::applied($product->get_id(), ['regular_price' => ['20.00', '18.00'], 'low_stock_amount' => [null, 3], 'meta_data[_devskyy_note]' => ['', 'a & b']]);
        $now = self::fresh($product->get_id());
        self::assertSame('18.00', $now->get_regular_price());
        self::assertSame(3, (int) $now->get_low_stock_amount());
        self::assertSame('a & b', $now->get_meta('_devskyy_note'));
        [$row] = Ledger::rows($id);
        self::assertSame(['applied', 'applied', (string) get_current_user_id()], [$row->state, $row->outcome, $row->user_id]);
        self::assertSame('20', $row->record->stood->regular_price);
    }

    public function test_undo_brings_sale_price_and_dates_back(): void
    {
        $to = time() + 86400 * 3;
        $product = $this->product(['sale_price' => '18', 'date_on_sale_to' => $to]);
        $id = self::applied($product->get_id(), ['regular_price' => ['20', '17']]);
        self::assertSame('', self::fresh($product->get_id())->get_sale_price(), 'WooCommerce ends a sale that is no cut any more');
        self::assertSame('undone', Undo::run($id)['state']);
        $now = self::fresh($product->get_id());
        self::assertSame(['20', '18', $to], [$now->get_regular_price(), $now->get_sale_price(), $now->get_date_on_sale_to()->getTimestamp()]);
    }

    public function test_undo_leaves_a_sale_that_somebody_set_since(): void
    {
        $product = $this->product(['sale_price' => '18']);
        $id = self::applied($product->get_id(), ['regular_price' => ['20', '17']]);
        $now = self::fresh($product->get_id());
        $now->set_sale_price('9');
        $now->save();
        self::assertSame('undone', Undo::run($id)['state']);
        self::assertSame(['20', '9'], [self::fresh($product->get_id())->get_regular_price(), self::fresh($product->get_id())->get_sale_price()]);
    }

    public function test_empty_values_come_back_empty(): void
    {
        $product = $this->product(['manage_stock' => true]);
        $id = self::applied($product->get_id(), ['low_stock_amount' => ['', 4], 'weight' => ['', '1.5'], 'meta_data[_x]' => [null, 'y'], 'sku' => ['', 'SKU-' . $product->get_id()]]);
        Undo::run($id);
        $now = self::fresh($product->get_id());
        self::assertSame(['', '', false, ''], [$now->get_low_stock_amount(), $now->get_weight(), $now->meta_exists('_x'), $now->get_sku()]);
    }

    public function test_a_changed_shop_makes_it_stale_and_nothing_is_written(): void
    {
        $first = $this->product();
        $second = $this->product(['regular_price' => '33']);
        $id = self::id();
        $done = self::apply($id, [
            self::patch($id, 1, 'wc/v3/products/' . $first->get_id(), ['regular_price' => ['20', '18']]),
            self::patch($id, 2, 'wc/v3/products/' . $second->get_id(), ['regular_price' => ['30', '28']]),
        ]);
        self::assertSame('stale', $done['state']);
        self::assertStringContainsString('33', $done['results'][1]['message']);
        self::assertSame('20', self::fresh($first->get_id())->get_regular_price());
        self::assertCount(1, Ledger::unreported());
    }

    public function test_a_value_that_woocommerce_drops_fails_and_the_others_are_put_back(): void
    {
        $first = $this->product();
        $second = $this->product();
        $third = $this->product();
        $id = self::id();
        $done = self::apply($id, [
            self::patch($id, 1, 'wc/v3/products/' . $first->get_id(), ['regular_price' => ['20', '18'], 'short_description' => ['', 'New']]),
            self::patch($id, 2, 'wc/v3/products/' . $second->get_id(), ['sale_price' => ['', '25'], 'name' => ['Silk scarf', 'Other']]),
            self::patch($id, 3, 'wc/v3/products/' . $third->get_id(), ['regular_price' => ['20', '18']]),
        ]);
        self::assertSame('failed', $done['state']);
        self::assertSame(['compensated', 'failed', 'skipped'], array_column($done['results'], 'state'));
        self::assertSame(['20', ''], [self::fresh($first->get_id())->get_regular_price(), self::fresh($first->get_id())->get_short_description()]);
        self::assertSame(['Silk scarf', ''], [self::fresh($second->get_id())->get_name(), self::fresh($second->get_id())->get_sale_price()]);
        self::assertSame('20', self::fresh($third->get_id())->get_regular_price());
    }

    public function test_a_price_on_a_variable_product_is_refused(): void
    {
        $product = new \WC_Product_Variable();
        $product->set_name('Dress');
        $product->save();
        $id = self::id();
        $done = self::apply($id, [self::patch($id, 1, 'wc/v3/products/' . $product->get_id(), ['regular_price' => ['', '18']])]);
        self::assertSame('failed', $done['state']);
        self::assertStringContainsString('variable', $done['results'][0]['message']);
    }

    public function test_a_variation_is_patched_at_its_own_resource(): void
    {
        $product = new \WC_Product_Variable();
        $product->set_name('Dress');
        $product->save();
        $variation = new \WC_Product_Variation();
        $variation->set_props(['parent_id' => $product->get_id(), 'regular_price' => '50']);
        $variation->save();
        $id = self::id();
        $done = self::apply($id, [self::patch($id, 1, "wc/v3/products/{$product->get_id()}/variations/{$variation->get_id()}", ['regular_price' => ['50.00', '45']])]);
        self::assertSame('applied', $done['state'], (string) wp_json_encode($done));
        self::assertSame('45', self::fresh($variation->get_id())->get_regular_price());
    }

    public function test_stock_moves_by_delta_over_sales_in_between(): void
    {
        $product = $this->product(['manage_stock' => true, 'stock_quantity' => 8]);
        wc_update_product_stock($product->get_id(), 3, 'decrease');
        $id = self::applied($product->get_id(), ['stock_delta' => [8, 10]]);
        self::assertSame(15, self::fresh($product->get_id())->get_stock_quantity());
        wc_update_product_stock($product->get_id(), 2, 'decrease');
        self::assertSame('undone', Undo::run($id)['state']);
        self::assertSame(3, self::fresh($product->get_id())->get_stock_quantity());
    }

    public function test_an_image_text_is_written_and_emptied_again(): void
    {
        $image = wp_insert_attachment(['post_title' => 'x', 'post_mime_type' => 'image/png', 'post_status' => 'inherit'], 'x.png');
        $product = $this->product(['image_id' => $image]);
        $id = self::applied($product->get_id(), ['images[0].alt' => ['', 'A silk scarf']]);
        self::assertSame('A silk scarf', get_post_meta($image, '_wp_attachment_image_alt', true));
        self::assertSame('undone', Undo::run($id)['state']);
        self::assertSame('', get_post_meta($image, '_wp_attachment_image_alt', true));
    }

    public function test_a_coupon_is_created_once_and_deleted_by_undo(): void
    {
        $id = self::id();
        $changes = [(object) ['kind' => 'create', 'change_id' => "$id-1", 'resource' => 'wc/v3/coupons', 'body' => (object) ['code' => "c$id", 'amount' => '5']]];
        $done = self::apply($id, $changes);
        self::assertSame('applied', $done['state']);
        self::assertSame("$id-1", get_post_meta($done['results'][0]['created_id'], '_devskyy_change_id', true));
        self::assertSame($done, self::apply($id, $changes), 'a second press finds what the first did');
        self::assertSame('undone', Undo::run($id)['state']);
        self::assertNull(get_post($done['results'][0]['created_id']));
    }

    /** @dataProvider refused */
    public function test_what_no_proposal_may_write(string $resource, string $path, mixed $to): void
    {
        $id = self::id();
        $done = self::apply($id, [self::patch($id, 1, $resource, [$path => ['', $to]])]);
        self::assertSame('failed', $done['state']);
        self::assertNotEmpty($done['results'][0]['message']);
    }

    public function refused(): array
    {
        return [
            'a user' => ['wp/v2/users/1', 'roles', 'administrator'],
            'an order' => ['wc/v3/orders/1', 'status', 'completed'],
            'settings' => ['wc/v3/settings/general/woocommerce_currency', 'value', 'EUR'],
            'a path upwards' => ['wc/v3/products/../../wp/v2/users/1', 'name', 'x'],
            'absolute stock' => ['wc/v3/products/1', 'stock_quantity', 5],
            'an id' => ['wc/v3/products/1', 'id', 5],
            'all images' => ['wc/v3/products/1', 'images', []],
            'a product that is gone' => ['wc/v3/products/99999999', 'name', 'x'],
            'a broken path' => ['wc/v3/products/1', 'meta_data[a[b]]', 'x'],
        ];
    }

    public function test_an_unknown_field_is_refused(): void
    {
        $id = self::id();
        $done = self::apply($id, [self::patch($id, 1, 'wc/v3/products/' . $this->product()->get_id(), ['regular_prise' => ['', '5']])]);
        self::assertSame('failed', $done['state']);
    }

    public function test_another_digest_than_the_one_seen_writes_nothing(): void
    {
        $product = $this->product();
        $id = self::id();
        $changes = [self::patch($id, 1, 'wc/v3/products/' . $product->get_id(), ['regular_price' => ['20', '18']])];
        $seen = Canonical_Json::digest($id, $changes);
        $changes[0]->set[0]->to = '1';
        self::assertSame('failed', Applier::apply($id, $changes, $seen)['state']);
        self::assertSame('20', self::fresh($product->get_id())->get_regular_price());
    }

    public function test_undo_refuses_over_a_later_change_and_names_both_values(): void
    {
        $product = $this->product();
        $id = self::applied($product->get_id(), ['regular_price' => ['20', '18']]);
        $now = self::fresh($product->get_id());
        $now->set_regular_price('19');
        $now->save();
        $refused = Undo::run($id);
        self::assertSame('changed_since', $refused->get_error_code());
        self::assertSame([['change_id' => "$id-1", 'path' => 'regular_price', 'expected' => '18', 'now' => '19']], $refused->get_error_data()['details']['differences']);
        self::assertSame('19', self::fresh($product->get_id())->get_regular_price());
        self::assertSame('applied', Ledger::rows($id)[0]->state);
    }

    public function test_undo_twice(): void
    {
        $id = self::applied($this->product()->get_id(), ['regular_price' => ['20', '18']]);
        Undo::run($id);
        self::assertSame('not_applied', Undo::run($id)->get_error_code());
    }

    public function test_an_act_cannot_be_undone(): void
    {
        $id = self::id();
        $done = self::apply($id, [(object) ['kind' => 'act', 'change_id' => "$id-1", 'resource' => 'sidecar/campaigns/7/send']]);
        self::assertSame(['applied', 'skipped'], [$done['state'], $done['results'][0]['state']]);
        self::assertSame('not_undoable', Undo::run($id)->get_error_code());
    }

    public function test_writing_needs_the_rights_of_who_approves(): void
    {
        $product = $this->product();
        wp_set_current_user($this->user('customer'));
        $id = self::id();
        $done = self::apply($id, [self::patch($id, 1, 'wc/v3/products/' . $product->get_id(), ['regular_price' => ['20', '18']])]);
        self::assertSame('failed', $done['state']);
        self::assertSame('20', self::fresh($product->get_id())->get_regular_price());
    }

    public function test_our_own_writes_name_their_change(): void
    {
        $product = $this->product();
        Outbox::clear();
        $id = self::applied($product->get_id(), ['regular_price' => ['20', '18']]);
        $events = Outbox::waiting(50);
        self::assertNotEmpty($events);
        self::assertSame(["$id-1"], array_values(array_unique(array_column($events, 'origin'))));
    }

    public function test_a_held_lock_answers_busy(): void
    {
        $product = $this->product();
        $resource = 'wc/v3/products/' . $product->get_id();
        $other = new \mysqli(...self::database());
        $name = 'devskyy_' . md5(DB_NAME . '|' . $GLOBALS['wpdb']->prefix . '|' . $resource);
        self::assertSame('1', $other->query("SELECT GET_LOCK('$name', 1)")->fetch_row()[0]);
        self::assertFalse(Applier::lock([$resource], 0));
        $other->close();
        self::assertTrue(Applier::lock([$resource], 2));
        Database::unlock($resource);
    }

    private static function database(): array
    {
        [$host, $port, $socket] = $GLOBALS['wpdb']->parse_db_host(DB_HOST);
        return [$host, DB_USER, DB_PASSWORD, DB_NAME, $port, $socket];
    }
}
