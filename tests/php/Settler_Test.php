<?php

declare(strict_types=1);

namespace DevSkyy\Tests;

use DevSkyy\Changes\Ledger;
use DevSkyy\Changes\Settler;
use DevSkyy\Changes\Undo;
use DevSkyy\Events\Outbox;

/** What the next request makes of a process that died in the middle. */
final class Settler_Test extends Shop_Test_Case
{
    private const BEFORE = 'devskyy_after_ledger_row';
    private const AFTER = 'devskyy_after_write';

    private function interrupted(array $changes, string $id, string $step, int $time = 1): void
    {
        $this->die_at($step, $time);
        try {
            self::apply($id, $changes);
            self::fail('nothing died');
        } catch (Died) {
            self::assertContains('applying', array_column(Ledger::rows($id), 'state'));
        }
        wp_set_current_user(0);
    }

    /** @dataProvider steps */
    public function test_an_interrupted_patch_ends_applied(string $step): void
    {
        $product = $this->product();
        $id = self::id();
        $this->interrupted([self::patch($id, 1, 'wc/v3/products/' . $product->get_id(), ['regular_price' => ['20', '18']])], $id, $step);
        self::assertSame(1, Settler::run());
        self::assertSame('18', self::fresh($product->get_id())->get_regular_price());
        self::assertSame(['applied', 'applied'], [Ledger::rows($id)[0]->state, Ledger::rows($id)[0]->outcome]);
        self::assertFalse(Ledger::may_be_unsettled());
        self::assertSame(0, get_current_user_id(), 'whoever visits does not stay the approver');
    }

    public function steps(): array
    {
        return ['before the write' => [self::BEFORE], 'after the write' => [self::AFTER]];
    }

    public function test_something_else_written_since_is_kept(): void
    {
        $product = $this->product();
        $id = self::id();
        $this->interrupted([self::patch($id, 1, 'wc/v3/products/' . $product->get_id(), ['regular_price' => ['20', '18']])], $id, self::BEFORE);
        update_post_meta($product->get_id(), '_regular_price', '33');
        Settler::run();
        self::assertSame('33', self::fresh($product->get_id())->get_regular_price());
        self::assertSame('failed', Ledger::rows($id)[0]->outcome);
    }

    public function test_between_two_writes_the_second_follows(): void
    {
        $first = $this->product();
        $second = $this->product();
        $id = self::id();
        $this->interrupted([
            self::patch($id, 1, 'wc/v3/products/' . $first->get_id(), ['regular_price' => ['20', '18']]),
            self::patch($id, 2, 'wc/v3/products/' . $second->get_id(), ['regular_price' => ['20', '19']]),
        ], $id, self::BEFORE, 2);
        Settler::run();
        self::assertSame(['18', '19'], [self::fresh($first->get_id())->get_regular_price(), self::fresh($second->get_id())->get_regular_price()]);
        self::assertSame(['applied', 'applied'], array_column(Ledger::rows($id), 'state'));
    }

    public function test_a_second_write_that_cannot_follow_takes_the_first_back(): void
    {
        $first = $this->product();
        $second = $this->product();
        $id = self::id();
        $this->interrupted([
            self::patch($id, 1, 'wc/v3/products/' . $first->get_id(), ['regular_price' => ['20', '18']]),
            self::patch($id, 2, 'wc/v3/products/' . $second->get_id(), ['regular_price' => ['20', '19']]),
        ], $id, self::BEFORE, 2);
        $second->delete(true);
        Settler::run();
        self::assertSame('20', self::fresh($first->get_id())->get_regular_price());
        self::assertSame(['compensated', 'failed'], array_column(Ledger::rows($id), 'state'));
    }

    /** @dataProvider steps */
    public function test_an_interrupted_stock_move_happens_once(string $step): void
    {
        $product = $this->product(['manage_stock' => true, 'stock_quantity' => 8]);
        $id = self::id();
        $this->interrupted([self::patch($id, 1, 'wc/v3/products/' . $product->get_id(), ['stock_delta' => [8, 5]])], $id, $step);
        Settler::run();
        self::assertSame(13, self::fresh($product->get_id())->get_stock_quantity());
    }

    public function test_what_was_written_without_its_event_is_noted_when_it_is_settled(): void
    {
        $product = $this->product(['manage_stock' => true, 'stock_quantity' => 8]);
        $id = self::id();
        $this->interrupted([self::patch($id, 1, 'wc/v3/products/' . $product->get_id(), ['stock_delta' => [8, 5]])], $id, self::AFTER);
        Outbox::clear(); // as if the process had died between the write and the hooks
        Settler::run();
        $events = array_map([Outbox::class, 'event'], Outbox::waiting(10));
        self::assertSame([['product.saved', 'products', $product->get_id(), "$id-1"]], array_map(
            static fn (array $event): array => [$event['type'], $event['resource'], $event['resource_id'], $event['origin']],
            $events
        ));
    }

    public function test_an_interrupted_create_makes_one_thing(): void
    {
        $id = self::id();
        $this->interrupted([(object) ['kind' => 'create', 'change_id' => "$id-1", 'resource' => 'wc/v3/coupons', 'body' => (object) ['code' => "c$id"]]], $id, self::AFTER);
        Settler::run();
        self::assertSame('applied', Ledger::rows($id)[0]->outcome);
        $found = get_posts(['post_type' => 'shop_coupon', 'meta_key' => '_devskyy_change_id', 'meta_value' => "$id-1", 'fields' => 'ids', 'post_status' => 'any']);
        self::assertSame([Ledger::rows($id)[0]->record->created_id], $found);
    }

    /** @dataProvider steps */
    public function test_an_interrupted_undo_ends_undone(string $step): void
    {
        $product = $this->product(['sale_price' => '18', 'manage_stock' => true, 'stock_quantity' => 4]);
        $id = self::applied($product->get_id(), ['regular_price' => ['20', '17'], 'stock_delta' => [4, 6]]);
        $this->die_at($step);
        try {
            Undo::run($id);
            self::fail('nothing died');
        } catch (Died) {
            self::assertSame('undoing', Ledger::rows($id)[0]->state);
        }
        Settler::run();
        $now = self::fresh($product->get_id());
        self::assertSame(['20', '18', 4], [$now->get_regular_price(), $now->get_sale_price(), $now->get_stock_quantity()]);
        self::assertSame('undone', Ledger::rows($id)[0]->outcome);
    }

    public function test_an_outcome_that_was_not_heard_is_told_again(): void
    {
        $id = self::applied($this->product()->get_id(), ['regular_price' => ['20', '18']]);
        $this->answers = [];
        self::assertTrue(is_wp_error(\DevSkyy\Events\Drain::run(5.0, 1.0, true)));
        self::assertCount(1, Ledger::unreported());
        $this->answers = ['POST /api/v1/events' => fn (array $call): array => ['ok' => true, 'acknowledged' => end($call['body']->events)->seq, 'rejected' => []], "POST /api/v1/proposals/$id/outcome" => ['ok' => true, 'proposal' => []]];
        self::assertTrue(\DevSkyy\Events\Drain::run(5.0, 1.0, true));
        self::assertCount(0, Ledger::unreported());
        self::assertSame('applied', end($this->sent)['body']->state);
        self::assertEquals([(object) ['change_id' => "$id-1", 'state' => 'applied']], end($this->sent)['body']->results);
    }
}
