<?php

declare(strict_types=1);

namespace DevSkyy\Tests;

use DevSkyy\Changes\Canonical_Json;
use DevSkyy\Purchase_Mail;

/** The mail of a purchase order goes out at most once, and what arrived raises the stock at once. */
final class Purchase_Orders_Test extends Shop_Test_Case
{
    private const PDF = "%PDF-1.3\nan order";
    /** @var list<array> What wp_mail was asked to send, the PDF's bytes with it. */
    private array $mails = [];
    private mixed $mailer = true;
    private string $order;
    private string $send_id;
    private string $digest;

    protected function setUp(): void
    {
        parent::setUp();
        wp_set_current_user($this->user('shop_manager'));
        $this->with_cookie();
        [$this->order, $this->send_id, $this->digest] = [self::id(), self::id(), str_repeat('a', 64)];
        update_option('woocommerce_email_from_address', 'shop@example.test');
        update_option('woocommerce_email_from_name', "Anna's \"Shop\"");
        // After the stack's own filter, which keeps mail from leaving.
        add_filter('pre_wp_mail', [$this, 'take'], 20, 2);
        $this->grant();
    }

    protected function tearDown(): void
    {
        remove_filter('pre_wp_mail', [$this, 'take'], 20);
        remove_all_actions('devskyy_before_mail');
        remove_all_actions('devskyy_after_mail');
        foreach ($this->left() as $name) {
            delete_option($name);
        }
        unset($_COOKIE[LOGGED_IN_COOKIE]);
        parent::tearDown();
    }

    public function take(mixed $sent, array $mail): bool
    {
        $mail['pdf'] = array_map('file_get_contents', $mail['attachments']);
        $this->mails[] = $mail;
        if ($this->mailer instanceof \Throwable) {
            throw $this->mailer;
        }
        if ($this->mailer !== true) {
            do_action('wp_mail_failed', new \WP_Error('wp_mail_failed', 'SMTP connect() failed.'));
        }
        return $this->mailer === true;
    }

    /** The sidecar as it should be: grants once, then says no. */
    private function grant(array $mail = [], array $more = []): void
    {
        $granted = false;
        $mail += ['to' => 'silk@example.test', 'subject' => 'Purchase order PO-0007 of My shop', 'text' => "Hello,\n\nan order."];
        $this->answers["POST /api/v1/inventory/purchase-orders/{$this->order}/send"] = function () use (&$granted, $mail, $more): array {
            if ($granted) {
                return self::refusal(409, 'not_draft');
            }
            $granted = true;
            return ['ok' => true, 'send_id' => $this->send_id, 'mail' => $mail, 'pdf' => base64_encode(self::PDF), 'order' => ['id' => $this->order, 'number' => 'PO-0007', 'state' => 'sending']] + $more;
        };
        $this->answers["POST /api/v1/inventory/purchase-orders/{$this->order}/sent"] = fn (array $call): array => ['ok' => true, 'order' => ['id' => $this->order, 'number' => 'PO-0007', 'state' => ['sent' => 'sent', 'failed' => 'draft', 'unknown' => 'unknown'][$call['body']->state]]];
    }

    private function send(string $to = 'silk@example.test'): \WP_REST_Response
    {
        return $this->call('POST', "/devskyy/v1/inventory/purchase-orders/{$this->order}/send", ['digest' => $this->digest, 'to' => $to]);
    }

    /** @return list<string> Names of the sidecar's routes that were asked, in order. */
    private function asked(): array
    {
        return array_map(static fn (array $call): string => basename($call['path']), $this->sent);
    }

    /** @return list<string> Options of sendings that are not over. */
    private function left(): array
    {
        global $wpdb;
        return $wpdb->get_col("SELECT option_name FROM {$wpdb->options} WHERE option_name LIKE 'devskyy\\_mail\\_%'");
    }

    public function test_the_mail_goes_out_as_granted_with_its_pdf_and_is_reported(): void
    {
        $answer = $this->send();
        self::assertSame([200, 'sent'], [$answer->get_status(), $answer->get_data()['order']->state ?? ''], (string) wp_json_encode($answer->get_data()));
        self::assertSame(['send', 'sent'], $this->asked());
        self::assertSame([$this->send_id, 'sent'], [end($this->sent)['body']->send_id, end($this->sent)['body']->state]);
        [$mail] = $this->mails;
        self::assertSame(['silk@example.test', 'Purchase order PO-0007 of My shop', "Hello,\n\nan order."], [$mail['to'], $mail['subject'], $mail['message']]);
        self::assertSame(['PO-0007.pdf' => self::PDF], $mail['pdf']);
        self::assertSame([], array_filter($mail['attachments'], 'file_exists'), 'the file is gone');
        self::assertContains('Reply-To: shop@example.test', (array) $mail['headers']);
        self::assertSame([], $this->left());
    }

    public function test_a_second_press_sends_nothing(): void
    {
        $this->send();
        $answer = $this->send();
        self::assertSame([409, 'not_draft'], [$answer->get_status(), $answer->get_data()['code']]);
        self::assertCount(1, $this->mails);
    }

    public function test_a_grant_that_is_handed_out_twice_mails_once(): void
    {
        $mail = (object) ['to' => 'silk@example.test', 'subject' => 'Order', 'text' => 'Hello'];
        add_action('devskyy_before_mail', fn () => $this->mails === [] && remove_all_actions('devskyy_before_mail') && Purchase_Mail::send($this->order, $this->send_id, $mail, self::PDF, 'o.pdf'));
        Purchase_Mail::send($this->order, $this->send_id, $mail, self::PDF, 'o.pdf');
        self::assertCount(1, $this->mails);
    }

    public function test_another_address_than_was_shown_gets_no_mail(): void
    {
        $answer = $this->send('other@example.test');
        self::assertSame([409, 'digest_mismatch'], [$answer->get_status(), $answer->get_data()['code']]);
        self::assertSame([], $this->mails);
        self::assertSame('failed', end($this->sent)['body']->state);
    }

    public function test_the_person_s_own_words_go_out_and_no_others(): void
    {
        $route = "/devskyy/v1/inventory/purchase-orders/{$this->order}/send";
        $words = ['subject' => 'Bestellung PO-0007 <eilig>', 'text' => "Guten Tag,\n\nbitte liefern Sie & bestätigen Sie."];
        $this->grant($words);
        $answer = $this->call('POST', $route, ['digest' => $this->digest, 'to' => 'silk@example.test'] + $words);
        self::assertSame(200, $answer->get_status(), (string) wp_json_encode($answer->get_data()));
        self::assertEquals((object) (['digest' => $this->digest] + $words), $this->sent[0]['body']);
        self::assertSame([$words['subject'], $words['text']], [$this->mails[0]['subject'], $this->mails[0]['message']]);

        $this->grant(['text' => 'Send it elsewhere.'] + $words);
        $answer = $this->call('POST', $route, ['digest' => $this->digest, 'to' => 'silk@example.test'] + $words);
        self::assertSame([409, 'digest_mismatch', 'failed'], [$answer->get_status(), $answer->get_data()['code'], end($this->sent)['body']->state]);
        self::assertCount(1, $this->mails);
    }

    /** @dataProvider odd_grants */
    public function test_what_no_sidecar_grants_is_not_sent(array $mail, array $more): void
    {
        $this->grant($mail, $more);
        $answer = $this->send($mail['to'] ?? 'silk@example.test');
        self::assertGreaterThanOrEqual(400, $answer->get_status());
        self::assertSame([], $this->mails);
    }

    public static function odd_grants(): array
    {
        return [
            'two addresses' => [['to' => 'silk@example.test, other@example.test'], []],
            'a header in the address' => [['to' => "silk@example.test\r\nBcc: x@example.test"], []],
            'a header in the subject' => [['subject' => "Order\r\nBcc: x@example.test"], []],
            'a subject that is none' => [['subject' => ['x']], []],
            'a text without end' => [['text' => str_repeat('x', 50_001)], []],
        ];
    }

    public function test_a_mail_that_failed_says_why_and_what_to_do(): void
    {
        $this->mailer = false;
        $answer = $this->send();
        self::assertSame([409, 'mail_failed'], [$answer->get_status(), $answer->get_data()['code']]);
        self::assertStringContainsString('SMTP connect() failed.', $answer->get_data()['message']);
        self::assertSame('draft', $answer->get_data()['data']['order']->state);
        self::assertSame(['failed', 'SMTP connect() failed.'], [end($this->sent)['body']->state, end($this->sent)['body']->reason]);
    }

    public function test_a_mailer_that_breaks_in_the_middle_is_called_unknown(): void
    {
        $this->mailer = new \RuntimeException('Connection lost.');
        $answer = $this->send();
        self::assertSame([409, 'mail_unknown'], [$answer->get_status(), $answer->get_data()['code']]);
        self::assertSame('unknown', end($this->sent)['body']->state);
    }

    public function test_a_sidecar_that_did_not_hear_is_told_again(): void
    {
        unset($this->answers["POST /api/v1/inventory/purchase-orders/{$this->order}/sent"]);
        $answer = $this->send();
        self::assertSame([200, 'sent'], [$answer->get_status(), $answer->get_data()['order']->state]);
        self::assertCount(1, $this->left());
        self::assertTrue(is_wp_error(Purchase_Mail::settle()), 'still away');
        delete_transient('devskyy_down');
        $this->grant();
        self::assertTrue(Purchase_Mail::settle());
        self::assertSame('sent', end($this->sent)['body']->state);
        self::assertSame([], $this->left());
        self::assertCount(1, $this->mails);
    }

    /** @dataProvider steps */
    public function test_after_a_crash_no_second_mail_goes_out_by_itself(string $step, int $mailed): void
    {
        $this->die_at($step);
        try {
            Purchase_Mail::send($this->order, $this->send_id, (object) ['to' => 'silk@example.test', 'subject' => 'Order', 'text' => 'Hello'], self::PDF, 'o.pdf');
            self::fail('It should have died.');
        } catch (Died) {
            self::assertCount($mailed, $this->mails);
        }
        $this->sent = [];
        self::assertTrue(Purchase_Mail::settle());
        self::assertSame([], $this->sent, 'it may still be under way');
        $name = $this->left()[0];
        update_option($name, ['at' => time() - 400] + get_option($name), false);
        self::assertTrue(Purchase_Mail::settle());
        self::assertSame('unknown', end($this->sent)['body']->state);
        self::assertCount($mailed, $this->mails);
        self::assertSame([], $this->left());
    }

    public static function steps(): array
    {
        return ['before the mail' => ['devskyy_before_mail', 0], 'after the mail' => ['devskyy_after_mail', 1]];
    }

    // Receiving

    /** The sidecar's answers to one receipt. @param list<\stdClass> $changes */
    private function receipt(array $changes, string $state = 'pending', ?string $id = null): string
    {
        $id ??= self::id();
        $proposal = ['id' => $id, 'state' => $state, 'changes' => $changes, 'digest' => Canonical_Json::digest($id, $changes)];
        $at = "/api/v1/inventory/purchase-orders/{$this->order}";
        $this->answers = [
            "POST $at/receive" => ['ok' => true, 'order' => ['id' => $this->order, 'state' => 'sent'], 'receipt' => ['id' => self::id(), 'state' => 'pending'], 'proposal' => $proposal],
            "GET $at" => ['ok' => true, 'order' => ['id' => $this->order, 'state' => 'received']],
            "POST /api/v1/proposals/$id/approve" => ['ok' => true, 'proposal' => ['state' => 'approved'] + $proposal, 'changes' => $changes],
            "POST /api/v1/proposals/$id/undo" => ['ok' => true, 'proposal' => ['id' => $id, 'state' => 'undoing']],
            "POST /api/v1/proposals/$id/outcome" => static fn (array $call): array => ['ok' => true, 'proposal' => ['id' => $id, 'state' => $call['body']->state]],
        ];
        return $id;
    }

    private function receive(array $lines): \WP_REST_Response
    {
        $rows = array_map(static fn (int $item, int $count): array => ['item_id' => $item, 'quantity' => $count], array_keys($lines), $lines);
        return $this->call('POST', "/devskyy/v1/inventory/purchase-orders/{$this->order}/receive", ['key' => self::id(), 'lines' => $rows]);
    }

    private function stocked(int $stock): \WC_Product
    {
        return $this->product(['manage_stock' => true, 'stock_quantity' => $stock]);
    }

    private static function raise(string $proposal, int $n, string $resource, int $was, int $by): \stdClass
    {
        return self::patch($proposal, $n, $resource, ['stock_delta' => [$was, $by]]);
    }

    public function test_what_arrived_raises_the_stock_of_products_and_variations_and_undo_takes_it_back(): void
    {
        $simple = $this->stocked(5);
        $parent = new \WC_Product_Variable();
        $parent->set_props(['name' => 'Shirt', 'status' => 'publish']);
        $parent->save();
        $variation = new \WC_Product_Variation();
        $variation->set_props(['parent_id' => $parent->get_id(), 'regular_price' => '20', 'manage_stock' => true, 'stock_quantity' => 0, 'status' => 'publish']);
        $variation->save();
        $id = self::id();
        $this->receipt([
            self::raise($id, 1, "wc/v3/products/{$simple->get_id()}", 5, 10),
            self::raise($id, 2, "wc/v3/products/{$parent->get_id()}/variations/{$variation->get_id()}", 0, 4),
        ], 'pending', $id);
        $answer = $this->receive([$simple->get_id() => 10, $variation->get_id() => 4]);
        self::assertSame(200, $answer->get_status(), (string) wp_json_encode($answer->get_data()));
        self::assertSame(['applied', 'received'], [$answer->get_data()['proposal']->state, $answer->get_data()['order']->state]);
        self::assertSame([15, 4], [self::fresh($simple->get_id())->get_stock_quantity(), self::fresh($variation->get_id())->get_stock_quantity()]);
        self::assertSame('instock', self::fresh($variation->get_id())->get_stock_status());
        self::assertSame(['receive', 'approve', 'outcome', $this->order], $this->asked());
        $undone = $this->call('POST', "/devskyy/v1/proposals/$id/undo", []);
        self::assertSame('undone', $undone->get_data()['proposal']->state);
        self::assertSame([5, 0], [self::fresh($simple->get_id())->get_stock_quantity(), self::fresh($variation->get_id())->get_stock_quantity()]);
    }

    public function test_pieces_sold_meanwhile_are_not_lost(): void
    {
        $product = $this->stocked(5);
        $id = self::id();
        $this->receipt([self::raise($id, 1, "wc/v3/products/{$product->get_id()}", 9, 10)], 'pending', $id);
        self::assertSame(200, $this->receive([$product->get_id() => 10])->get_status());
        self::assertSame(15, self::fresh($product->get_id())->get_stock_quantity());
    }

    public function test_a_receipt_that_was_applied_before_raises_nothing_again(): void
    {
        $product = $this->stocked(5);
        $id = self::id();
        $changes = [self::raise($id, 1, "wc/v3/products/{$product->get_id()}", 5, 10)];
        $this->receipt($changes, 'pending', $id);
        $this->receive([$product->get_id() => 10]);
        $this->receipt($changes, 'applied', $id);
        self::assertSame(200, $this->receive([$product->get_id() => 10])->get_status());
        self::assertSame(15, self::fresh($product->get_id())->get_stock_quantity());
    }

    /** @dataProvider odd_changes */
    public function test_a_receipt_does_nothing_but_raise_by_what_arrived(callable $change): void
    {
        $product = $this->stocked(5);
        $id = self::id();
        $this->receipt($change($id, "wc/v3/products/{$product->get_id()}"), 'pending', $id);
        $answer = $this->receive([$product->get_id() => 10]);
        self::assertSame([409, 'change_refused'], [$answer->get_status(), $answer->get_data()['code']]);
        self::assertSame([5, '20'], [self::fresh($product->get_id())->get_stock_quantity(), self::fresh($product->get_id())->get_regular_price()]);
        self::assertSame(['receive'], $this->asked());
    }

    public static function odd_changes(): array
    {
        return [
            'more pieces' => [static fn (string $id, string $resource): array => [self::raise($id, 1, $resource, 5, 11)]],
            'fewer than none' => [static fn (string $id, string $resource): array => [self::raise($id, 1, $resource, 5, -10)]],
            'a price too' => [static fn (string $id, string $resource): array => [self::patch($id, 1, $resource, ['stock_delta' => [5, 10], 'regular_price' => ['20', '1']])]],
            'another thing' => [static fn (string $id, string $resource): array => [(object) ['kind' => 'create', 'change_id' => "$id-1", 'resource' => 'wc/v3/coupons', 'body' => (object) ['code' => 'x']]]],
            'nothing' => [static fn (): array => []],
        ];
    }

    public function test_without_counted_stock_the_receipt_alone_is_answered(): void
    {
        $this->answers["POST /api/v1/inventory/purchase-orders/{$this->order}/receive"] = ['ok' => true, 'order' => ['state' => 'received'], 'receipt' => ['state' => 'applied']];
        $answer = $this->receive([$this->product()->get_id() => 3]);
        self::assertSame([200, 'received'], [$answer->get_status(), $answer->get_data()['order']->state]);
        self::assertArrayNotHasKey('proposal', $answer->get_data());
    }

    public function test_what_the_sidecar_refuses_is_handed_on(): void
    {
        $this->answers["POST /api/v1/inventory/purchase-orders/{$this->order}/receive"] = [409, ['ok' => false, 'error' => ['code' => 'more_than_ordered', 'message' => 'More.', 'hint' => 'Count.', 'request_id' => 'r', 'details' => ['lines' => [['item_id' => 12, 'ordered' => 5]]]]]];
        $answer = $this->receive([12 => 6]);
        self::assertSame([409, 'more_than_ordered', 5], [$answer->get_status(), $answer->get_data()['code'], $answer->get_data()['data']['details']->lines[0]->ordered]);
    }

    public function test_bad_input_does_not_reach_the_sidecar(): void
    {
        foreach ([[], [['item_id' => 1, 'quantity' => 0]], [['item_id' => 1, 'quantity' => -5]], [['item_id' => 1, 'quantity' => 1.5]], [['quantity' => 1]], 'x'] as $lines) {
            self::assertSame(400, $this->call('POST', "/devskyy/v1/inventory/purchase-orders/{$this->order}/receive", ['lines' => $lines])->get_status(), (string) wp_json_encode($lines));
        }
        foreach ([[], ['digest' => 'x', 'to' => 'a@b.test'], ['digest' => $this->digest]] as $body) {
            self::assertSame(400, $this->call('POST', "/devskyy/v1/inventory/purchase-orders/{$this->order}/send", $body)->get_status());
        }
        self::assertSame([], $this->sent);
    }

    public function test_only_a_person_in_front_of_wp_admin_sends_and_receives(): void
    {
        unset($_COOKIE[LOGGED_IN_COOKIE]);
        self::assertSame([403, 'session_required'], [$this->send()->get_status(), $this->send()->get_data()['code']]);
        self::assertSame(403, $this->receive([12 => 1])->get_status());
        wp_set_current_user($this->user('subscriber'));
        $this->with_cookie();
        self::assertSame(403, $this->send()->get_status());
        self::assertSame(403, $this->receive([12 => 1])->get_status());
        self::assertSame([[], []], [$this->sent, $this->mails]);
    }
}
