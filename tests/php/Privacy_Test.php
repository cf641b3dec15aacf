<?php

declare(strict_types=1);

namespace DevSkyy\Tests;

use DevSkyy\Changes\Ledger;
use DevSkyy\Database;
use DevSkyy\Events\Outbox;
use DevSkyy\Export\Export;
use DevSkyy\Privacy;
use DevSkyy\Sidecar\Answers;
use DevSkyy\Sidecar\Connection;
use WP_Error;

/** WordPress's own tools for personal data, with the sidecar there and away. */
final class Privacy_Test extends Shop_Test_Case
{
    private const EMAIL = 'Erika.Muster@example.test';
    private const EXPORT = 'POST /api/v1/gdpr/export-data';
    private const ERASE = 'POST /api/v1/gdpr/delete-data';

    private int $person = 0;

    protected function setUp(): void
    {
        parent::setUp();
        $this->person = (int) wp_insert_user(['user_login' => 'erika', 'user_pass' => 'x', 'user_email' => self::EMAIL, 'role' => 'shop_manager']);
        Outbox::clear();
    }

    protected function tearDown(): void
    {
        wp_delete_user($this->person);
        foreach (get_posts(['post_type' => 'user_request', 'post_status' => 'any', 'numberposts' => -1]) as $post) {
            wp_delete_post($post->ID, true);
        }
        foreach (['wp_die_ajax_handler', 'wp_doing_ajax'] as $hook) {
            remove_all_filters($hook);
        }
        $_POST = $_REQUEST = [];
        parent::tearDown();
    }

    /** Calls one of WordPress's AJAX actions as its Tools page does, for our exporter or eraser. */
    private function tool(string $action, int $page = 1): \stdClass
    {
        require_once ABSPATH . 'wp-admin/includes/ajax-actions.php';
        $erasing = $action === 'wp-privacy-erase-personal-data';
        $request = wp_create_user_request(self::EMAIL, $erasing ? 'remove_personal_data' : 'export_personal_data', [], 'confirmed');
        self::assertIsInt($request);
        $all = array_keys(apply_filters('wp_privacy_personal_data_' . ($erasing ? 'erasers' : 'exporters'), []));
        $index = array_search('devskyy', $all, true) + 1;
        $nonce = wp_create_nonce("$action-$request");
        $_POST = $_REQUEST = ['id' => $request, 'page' => $page, 'security' => $nonce, 'sendAsEmail' => 'false', 'eraser' => $index, 'exporter' => $index];
        add_filter('wp_doing_ajax', '__return_true');
        add_filter('wp_die_ajax_handler', static fn (): callable => static function (): void {
            throw new Died('answered');
        });
        // Pages between are put together by WordPress at the last exporter, which is not ours.
        ob_start();
        try {
            $erasing ? wp_ajax_wp_privacy_erase_personal_data() : wp_ajax_wp_privacy_export_personal_data();
        } catch (Died) {
        } finally {
            $json = (string) ob_get_clean();
            remove_all_filters('wp_doing_ajax');
            remove_all_filters('wp_die_ajax_handler');
            wp_delete_post($request, true);
        }
        $answer = json_decode($json);
        self::assertInstanceOf(\stdClass::class, $answer, $json);
        return $answer;
    }

    private static function rows(int $pages = 1): array
    {
        $item = ['table' => 'orders', 'title' => 'Orders without names.', 'id' => '12', 'data' => ['id' => 12, 'postcode_area' => '101', 'sold' => true, 'coupons' => ['TEN', '<b>']]];
        return ['ok' => true, 'held' => true, 'total' => $pages, 'pages' => $pages, 'items' => [$item]];
    }

    private static function away(): WP_Error
    {
        return new WP_Error('http_request_failed', 'cURL error 7: Failed to connect');
    }

    private function review(): int
    {
        return (int) wp_insert_comment([
            'comment_post_ID' => $this->product()->get_id(), 'comment_type' => 'review', 'comment_author_email' => self::EMAIL,
            'comment_content' => 'Lovely.', 'comment_approved' => 1,
        ]);
    }

    private function ledger_row(string $state): int
    {
        global $wpdb;
        $id = self::id();
        Ledger::add($id, 1, self::patch($id, 1, 'wc/v3/products/12', []), [], $state, $this->person);
        return (int) $wpdb->insert_id;
    }

    private static function who(int $row): int
    {
        global $wpdb;
        return (int) $wpdb->get_var($wpdb->prepare('SELECT user_id FROM %i WHERE id = %d', Database::ledger(), $row));
    }

    public function test_the_sidecar_hears_hash_numbers_and_login_but_never_the_address(): void
    {
        $review = $this->review();
        $this->answers = [self::ERASE => ['ok' => true, 'held' => true, 'erased' => ['orders' => 2], 'kept' => [], 'again' => false]];
        $this->sent = [];
        $done = $this->tool('wp-privacy-erase-personal-data');
        self::assertTrue($done->success);
        [$sent] = $this->sent;
        $expected = ['email_hash' => Export::email_hash(self::EMAIL), 'review_ids' => [$review], 'customer_id' => $this->person, 'user_id' => $this->person, 'login' => 'erika'];
        self::assertEquals((object) $expected, $sent['body']);
        self::assertStringNotContainsStringIgnoringCase('erika.muster', (string) wp_json_encode($sent['body']));
        $claims = json_decode(\DevSkyy\Sidecar\Signature::decode(explode('.', $sent['headers']['Authorization'])[1]));
        self::assertSame([get_current_user_id(), ['manage_woocommerce', 'manage_options']], [$claims->who->id, $claims->who->caps]);
        self::assertSame([true, false], [$done->data->items_removed, $done->data->items_retained]);
        self::assertSame(['DevSkyy keeps the sums and products of 2 orders, without their buyer.'], $done->data->messages);
    }

    public function test_we_erase_before_anybody_makes_reviews_anonymous(): void
    {
        self::assertSame('devskyy', array_key_first(apply_filters('wp_privacy_personal_data_erasers', [])));
    }

    public function test_somebody_without_an_account_is_named_by_the_hash_alone(): void
    {
        $this->answers = [self::ERASE => ['ok' => true, 'held' => false, 'erased' => new \stdClass(), 'kept' => [], 'again' => false]];
        $done = Privacy::erase('guest@example.test');
        self::assertEquals((object) ['email_hash' => Export::email_hash('guest@example.test'), 'review_ids' => []], end($this->sent)['body']);
        self::assertSame(['items_removed' => false, 'items_retained' => false, 'messages' => [], 'done' => true], $done);
    }

    public function test_the_plugins_own_tables_are_erased_too(): void
    {
        $settled = $this->ledger_row('applied');
        $under_way = $this->ledger_row('applying');
        Outbox::note('customer.created', 'customers', $this->person);
        Outbox::note('order.created', 'orders', 77);
        Answers::remember('/api/v1/proposals', '{"decided_by": {"login": "erika"}}');
        $this->answers = [self::ERASE => ['ok' => true, 'held' => true, 'erased' => new \stdClass(), 'kept' => ['audit'], 'again' => true]];
        $done = $this->tool('wp-privacy-erase-personal-data')->data;
        self::assertSame([0, $this->person], [self::who($settled), self::who($under_way)]);
        self::assertSame(['orders'], array_column(Outbox::waiting(9), 'resource'));
        self::assertNull(Answers::recall('/api/v1/proposals'));
        self::assertSame([true, true, 1], [$done->items_removed, $done->items_retained, count($done->messages)]);
        self::assertStringContainsString('can no longer be read', $done->messages[0]);
    }

    public function test_an_erasure_without_the_sidecar_says_what_to_do(): void
    {
        $row = $this->ledger_row('applied');
        $this->answers = [self::ERASE => self::away()];
        $done = $this->tool('wp-privacy-erase-personal-data');
        self::assertTrue($done->success);
        self::assertSame([true, true, true], [$done->data->items_removed, $done->data->items_retained, $done->data->done]);
        self::assertStringContainsString('has not erased this person. The sidecar does not answer. Start it with "devskyy serve"', $done->data->messages[0]);
        self::assertStringContainsString('try again here', $done->data->messages[0]);
        self::assertSame(0, self::who($row), 'what is here is erased all the same');
    }

    /** @dataProvider refusals */
    public function test_whatever_the_sidecar_says_is_a_message(array|WP_Error $answer, string $words): void
    {
        $this->answers = [self::ERASE => $answer, self::EXPORT => $answer];
        $done = Privacy::erase(self::EMAIL);
        self::assertSame([true, true], [$done['items_retained'], $done['done']]);
        self::assertStringContainsString($words, $done['messages'][0]);
        self::assertStringContainsString($words, Privacy::export(self::EMAIL)->get_error_message());
    }

    public function refusals(): array
    {
        return [
            'a refusal' => [self::refusal(403, 'approval_needs_person'), 'It said no.'],
            'a crash' => [[500, '<html></html>'], 'did not explain'],
            'another server' => [[200, '<html></html>'], 'not a DevSkyy sidecar'],
            'a redirect' => [[301, ''], 'redirect'],
            'silence' => [new WP_Error('http_request_failed', 'cURL error 28: Operation timed out'), 'too long'],
        ];
    }

    public function test_an_export_in_pages_with_what_the_plugin_holds(): void
    {
        $row = $this->ledger_row('applied');
        Outbox::note('customer.created', 'customers', $this->person);
        $this->answers = [self::EXPORT => fn (array $sent): array => self::rows(2)];
        $first = $this->tool('wp-privacy-export-personal-data')->data;
        self::assertFalse($first->done);
        self::assertSame(['devskyy-plugin-ledger', 'devskyy-plugin-outbox', 'devskyy-orders'], array_column($first->data, 'group_id'));
        self::assertSame("devskyy-plugin-ledger-$row", $first->data[0]->item_id);
        self::assertEquals((object) ['name' => 'Postcode area', 'value' => '101'], $first->data[2]->data[1]);
        self::assertSame('yes', $first->data[2]->data[2]->value);
        self::assertSame(esc_html('["TEN","<b>"]'), $first->data[2]->data[3]->value);
        $second = $this->tool('wp-privacy-export-personal-data', 2)->data;
        self::assertSame([true, ['devskyy-orders']], [$second->done, array_column($second->data, 'group_id')]);
        self::assertSame([1, 2], array_map(static fn (array $sent): int => $sent['body']->page, $this->sent));
    }

    public function test_an_export_that_would_lack_something_fails_in_words(): void
    {
        $this->answers = [self::EXPORT => self::away()];
        $answer = $this->tool('wp-privacy-export-personal-data');
        self::assertFalse($answer->success);
        self::assertIsString($answer->data);
        self::assertStringContainsString('would not be complete. The sidecar does not answer.', $answer->data);
        self::assertInstanceOf(WP_Error::class, Privacy::export(self::EMAIL), 'without AJAX it is an error as any');
    }

    public function test_a_shop_that_was_never_paired_asks_nobody(): void
    {
        Connection::forget();
        $before = get_option('devskyy_site_id');
        delete_option('devskyy_site_id');
        $this->sent = [];
        self::assertSame(['data' => [], 'done' => true], Privacy::export(self::EMAIL));
        self::assertSame(['items_removed' => false, 'items_retained' => false, 'messages' => [], 'done' => true], Privacy::erase(self::EMAIL));
        update_option('devskyy_site_id', 'x');
        $unpaired = Privacy::erase(self::EMAIL);
        update_option('devskyy_site_id', $before);
        self::assertTrue($unpaired['items_retained'], 'it was paired once');
        self::assertStringContainsString('not connected', $unpaired['messages'][0]);
        self::assertSame([], $this->sent);
    }

    public function test_nothing_is_sent_while_the_site_may_be_a_copy(): void
    {
        Connection::update(['home' => 'http://elsewhere.test']);
        $done = Privacy::erase(self::EMAIL);
        self::assertSame([[], true], [$this->sent, $done['items_retained']]);
    }
}
