<?php

declare(strict_types=1);

namespace DevSkyy\Tests;

use DevSkyy\Changes\Canonical_Json;
use DevSkyy\Changes\Ledger;

/** The Inbox's buttons through the REST routes. */
final class Decisions_Test extends Shop_Test_Case
{
    protected function setUp(): void
    {
        parent::setUp();
        wp_set_current_user($this->user('shop_manager'));
        $this->with_cookie();
    }

    protected function tearDown(): void
    {
        unset($_COOKIE[LOGGED_IN_COOKIE]);
        parent::tearDown();
    }

    /** The sidecar as it should be: one proposal of one price. */
    private function proposal(int $product, string $was = '20.00'): array
    {
        $id = self::id();
        $changes = [self::patch($id, 1, "wc/v3/products/$product", ['regular_price' => [$was, '18.00']])];
        $this->answers["POST /api/v1/proposals/$id/approve"] = ['ok' => true, 'proposal' => ['id' => $id, 'state' => 'approved'], 'changes' => $changes];
        $this->answers["POST /api/v1/proposals/$id/undo"] = ['ok' => true, 'proposal' => ['id' => $id, 'state' => 'undoing']];
        $this->answers["POST /api/v1/proposals/$id/outcome"] = static fn (array $call): array => ['ok' => true, 'proposal' => ['id' => $id, 'title' => 'T', 'state' => $call['body']->state]];
        return [$id, Canonical_Json::digest($id, $changes)];
    }

    public function test_approve_applies_reports_and_answers_in_one_go(): void
    {
        $product = $this->product();
        [$id, $digest] = $this->proposal($product->get_id());
        $answer = $this->call('POST', "/devskyy/v1/proposals/$id/approve", ['digest' => $digest]);
        self::assertSame(200, $answer->get_status(), (string) wp_json_encode($answer->get_data()));
        self::assertSame(['applied', 'applied'], [$answer->get_data()['proposal']->state, $answer->get_data()['results'][0]['state']]);
        self::assertSame('18.00', self::fresh($product->get_id())->get_regular_price());
        self::assertSame(['approve', 'outcome'], array_map(static fn (array $call): string => basename($call['path']), $this->sent));
        $answer = $this->call('POST', "/devskyy/v1/proposals/$id/undo", []);
        self::assertSame('undone', $answer->get_data()['proposal']->state);
        self::assertSame('20', self::fresh($product->get_id())->get_regular_price());
    }

    public function test_stale_is_409_with_results(): void
    {
        [$id, $digest] = $this->proposal($this->product()->get_id(), '21.00');
        $answer = $this->call('POST', "/devskyy/v1/proposals/$id/approve", ['digest' => $digest]);
        self::assertSame([409, 'stale'], [$answer->get_status(), $answer->get_data()['code']]);
        self::assertStringContainsString('20', $answer->get_data()['data']['results'][0]['message']);
        self::assertSame('stale', end($this->sent)['body']->state);
    }

    public function test_a_sidecar_that_hands_out_other_changes_than_were_seen(): void
    {
        $product = $this->product();
        [$id] = $this->proposal($product->get_id());
        $answer = $this->call('POST', "/devskyy/v1/proposals/$id/approve", ['digest' => str_repeat('a', 64)]);
        self::assertSame(409, $answer->get_status());
        self::assertSame('20', self::fresh($product->get_id())->get_regular_price());
    }

    public function test_an_outcome_that_is_lost_does_not_fail_the_press(): void
    {
        [$id, $digest] = $this->proposal($this->product()->get_id());
        unset($this->answers["POST /api/v1/proposals/$id/outcome"]);
        $answer = $this->call('POST', "/devskyy/v1/proposals/$id/approve", ['digest' => $digest]);
        self::assertSame([200, 'applied'], [$answer->get_status(), $answer->get_data()['proposal']->state]);
        self::assertCount(1, Ledger::unreported());
        self::assertTrue(\DevSkyy\Events\Drain::due());
    }

    public function test_undo_with_the_sidecar_away(): void
    {
        $product = $this->product();
        [$id, $digest] = $this->proposal($product->get_id());
        $this->answers["GET /api/v1/proposals/$id"] = ['ok' => true, 'proposal' => ['id' => $id, 'title' => 'Lower it', 'state' => 'applied'], 'history' => []];
        $this->call('POST', "/devskyy/v1/proposals/$id/approve", ['digest' => $digest]);
        $this->call('GET', "/devskyy/v1/proposals/$id");
        $this->answers = [];
        $answer = $this->call('POST', "/devskyy/v1/proposals/$id/undo", []);
        self::assertSame([200, 'undone', 'Lower it'], [$answer->get_status(), $answer->get_data()['proposal']->state, $answer->get_data()['proposal']->title]);
        self::assertSame('20', self::fresh($product->get_id())->get_regular_price());
    }

    public function test_undo_over_a_later_change_tells_the_sidecar_that_it_failed(): void
    {
        $product = $this->product();
        [$id, $digest] = $this->proposal($product->get_id());
        $this->call('POST', "/devskyy/v1/proposals/$id/approve", ['digest' => $digest]);
        update_post_meta($product->get_id(), '_regular_price', '19');
        $answer = $this->call('POST', "/devskyy/v1/proposals/$id/undo", []);
        self::assertSame([409, 'changed_since'], [$answer->get_status(), $answer->get_data()['code']]);
        self::assertSame('undo_failed', end($this->sent)['body']->state);
        self::assertStringContainsString('19', end($this->sent)['body']->note);
        update_post_meta($product->get_id(), '_regular_price', '18.00');
        self::assertSame(200, $this->call('POST', "/devskyy/v1/proposals/$id/undo", [])->get_status(), 'and may be tried again');
    }

    public function test_many_at_once_stand_or_fall_alone(): void
    {
        [$good, $digest] = $this->proposal($this->product()->get_id());
        [$bad, $other] = $this->proposal($this->product()->get_id(), '99');
        $answer = $this->call('POST', '/devskyy/v1/proposals/bulk', ['action' => 'approve', 'items' => [['id' => $bad, 'digest' => $other], ['id' => $good, 'digest' => $digest]]]);
        self::assertSame([false, true], array_column($answer->get_data()['results'], 'ok'));
        self::assertSame('stale', $answer->get_data()['results'][0]['error']['code']);
    }

    public function test_reject_and_snooze_are_handed_on(): void
    {
        $id = self::id();
        $this->answers = ["POST /api/v1/proposals/$id/" => ['ok' => true, 'proposal' => ['id' => $id]]];
        $this->call('POST', "/devskyy/v1/proposals/$id/reject", ['reason' => 'Too cheap']);
        self::assertSame('Too cheap', end($this->sent)['body']->reason);
        $this->call('POST', "/devskyy/v1/proposals/$id/snooze", ['until' => '2027-01-01T01:00:00+01:00']);
        self::assertSame('2027-01-01T00:00:00Z', end($this->sent)['body']->until);
    }

    public function test_a_copy_applies_nothing(): void
    {
        $product = $this->product();
        [$id, $digest] = $this->proposal($product->get_id());
        \DevSkyy\Sidecar\Connection::update(['home' => 'http://original.test']);
        self::assertSame('site_changed', $this->call('POST', "/devskyy/v1/proposals/$id/approve", ['digest' => $digest])->get_data()['code']);
        self::assertSame([], $this->sent);
    }

    public function test_pictures_for_a_page_of_proposals(): void
    {
        $image = wp_insert_attachment(['post_title' => 'x', 'post_mime_type' => 'image/png', 'post_status' => 'inherit', 'guid' => home_url('/x.png')], 'x.png');
        $with = $this->product(['image_id' => $image]);
        $without = $this->product();
        $items = array_map(static fn (int $product): array => ['id' => self::id(), 'subject' => ['resource' => 'products', 'id' => $product]], [$with->get_id(), $without->get_id()]);
        $this->answers = ['GET /api/v1/proposals' => ['ok' => true, 'items' => $items, 'total' => 2]];
        $got = $this->call('GET', '/devskyy/v1/proposals', null, ['state' => 'pending', 'page' => '1'])->get_data();
        self::assertStringContainsString('x.png', $got->items[0]->thumbnail);
        self::assertFalse(isset($got->items[1]->thumbnail));
        self::assertSame('/api/v1/proposals?page=1&state=pending', $this->sent[0]['path']);
    }

    public function test_empty_objects_reach_the_sidecar_as_objects(): void
    {
        $this->answers = ['POST /api/v1/agents/x/runs' => [202, ['ok' => true, 'run' => ['id' => 'r']]], 'PUT /api/v1/agents/x/settings' => ['ok' => true]];
        self::assertSame(202, $this->call('POST', '/devskyy/v1/agents/x/runs', ['input' => new \stdClass()])->get_status());
        self::assertEquals(new \stdClass(), end($this->sent)['body']->input);
        $this->call('POST', '/devskyy/v1/agents/x/settings', ['enabled' => false, 'input' => new \stdClass(), 'name' => 'evil']);
        self::assertEquals((object) ['enabled' => false, 'input' => new \stdClass()], end($this->sent)['body']);
    }
}
