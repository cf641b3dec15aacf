<?php

declare(strict_types=1);

namespace DevSkyy\Tests;

use DevSkyy\Events\Drain;
use DevSkyy\Events\Outbox;
use DevSkyy\Sidecar\Connection;

/** Sending the outbox. */
final class Drain_Test extends Shop_Test_Case
{
    protected function setUp(): void
    {
        parent::setUp();
        for ($id = 1; $id <= 5; $id++) {
            Outbox::note('product.saved', 'products', $id);
        }
    }

    private static function all(array $call): array
    {
        return ['ok' => true, 'acknowledged' => end($call['body']->events)->seq, 'duplicates' => 0, 'rejected' => []];
    }

    public function test_all_go_in_order_and_once(): void
    {
        $this->answers = ['POST /api/v1/events' => self::all(...)];
        self::assertTrue(Drain::run());
        self::assertSame(0, Outbox::count_waiting());
        self::assertCount(1, $this->sent);
        $events = $this->sent[0]['body']->events;
        self::assertSame([1, 2, 3, 4, 5], array_column($events, 'resource_id'));
        self::assertSame(['seq', 'id', 'type', 'resource', 'resource_id', 'at', 'origin', 'version'], array_keys((array) $events[0]));
        self::assertSame(0, (int) get_option('devskyy_next_drain'));
        Drain::run();
        self::assertCount(1, $this->sent, 'nothing waits, nobody is asked');
    }

    public function test_what_is_not_acknowledged_stays(): void
    {
        $seq = array_column(Outbox::waiting(5), 'seq');
        $calls = 0;
        $this->answers = ['POST /api/v1/events' => function () use (&$calls, $seq): array {
            return ++$calls === 1 ? ['ok' => true, 'acknowledged' => (int) $seq[1], 'rejected' => []] : self::refusal(503, 'database_locked');
        }];
        self::assertSame('database_locked', Drain::run()->get_error_code());
        self::assertSame(array_slice($seq, 2), array_column(Outbox::waiting(5), 'seq'));
    }

    public function test_refused_events_are_parked_and_can_be_sent_again_or_dropped(): void
    {
        $seq = array_map('intval', array_column(Outbox::waiting(5), 'seq'));
        $this->answers = ['POST /api/v1/events' => static fn (array $call): array => ['rejected' => [['seq' => $seq[1], 'code' => 'invalid', 'message' => 'Unknown type.'], ['seq' => $seq[3], 'code' => 'invalid', 'message' => 'x']]] + self::all($call)];
        Drain::run();
        self::assertSame([$seq[3], $seq[1]], array_column(Outbox::parked(), 'seq'));
        self::assertSame('invalid: Unknown type.', Outbox::parked()[1]['message']);
        self::assertTrue(Outbox::retry($seq[1]));
        self::assertFalse(Outbox::retry($seq[1]));
        self::assertTrue(Outbox::drop($seq[3]));
        self::assertSame([(string) $seq[1]], array_column(Outbox::waiting(5), 'seq'));
    }

    public function test_one_event_that_spoils_its_batch_is_found(): void
    {
        $bad = (int) Outbox::waiting(5)[2]->seq;
        $this->answers = ['POST /api/v1/events' => static fn (array $call): array => in_array($bad, array_column($call['body']->events, 'seq'), true) ? self::refusal(422, 'invalid') : self::all($call)];
        self::assertTrue(Drain::run());
        self::assertSame([$bad], array_column(Outbox::parked(), 'seq'));
        self::assertSame(0, Outbox::count_waiting());
    }

    public function test_a_sidecar_that_is_away_is_asked_more_and_more_rarely(): void
    {
        $waits = [];
        for ($i = 0; $i < 8; $i++) {
            delete_transient('devskyy_down');
            self::assertSame('sidecar_unreachable', Drain::run()->get_error_code());
            $waits[] = (int) get_option('devskyy_next_drain') - time();
        }
        self::assertGreaterThan($waits[0], $waits[3]);
        self::assertEqualsWithDelta(300, $waits[7], 2);
        self::assertFalse(Drain::due());
        self::assertSame(5, Outbox::count_waiting());
        self::assertSame('sidecar_unreachable', Drain::state()['last_error']['code']);
        Drain::reset();
        self::assertTrue(Drain::due());
    }

    public function test_nobody_waits_twice_for_a_sidecar_that_is_away(): void
    {
        Drain::run();
        Drain::run();
        self::assertCount(1, $this->sent);
    }

    public function test_a_sidecar_that_takes_nothing_ends_the_drain(): void
    {
        $this->answers = ['POST /api/v1/events' => ['ok' => true, 'acknowledged' => 0, 'rejected' => []]];
        self::assertSame('sidecar_error', Drain::run()->get_error_code());
        self::assertCount(1, $this->sent);
    }

    public function test_a_copy_sends_nothing(): void
    {
        $this->answers = ['POST /api/v1/events' => self::all(...)];
        Connection::update(['home' => 'http://original.test']);
        self::assertSame('site_changed', Drain::run()->get_error_code());
        self::assertSame([], $this->sent);
        self::assertSame(5, Outbox::count_waiting());
    }

    public function test_a_signed_request_to_the_events_route(): void
    {
        $this->answers = ['POST /api/v1/events' => self::all(...)];
        Drain::run();
        [$call] = $this->sent;
        self::assertSame([0, DEVSKYY_VERSION], [$call['redirection'], $call['headers']['X-DevSkyy-Version']]);
        $claims = json_decode(\DevSkyy\Sidecar\Signature::decode(explode('.', substr($call['headers']['Authorization'], 7))[1]));
        self::assertSame(['plugin', 'POST', '/api/v1/events', Connection::site_id(), Connection::home()], [$claims->iss, $claims->m, $claims->p, $claims->site, $claims->home]);
        self::assertFalse(isset($claims->who), 'the drain is no person');
    }
}
