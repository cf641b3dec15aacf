<?php

declare(strict_types=1);

namespace DevSkyy\Tests;

use DevSkyy\Events\Outbox;
use DevSkyy\Sidecar\Connection;
use DevSkyy\Sidecar\Pairing;
use DevSkyy\Sidecar\Signature;

/** Joining and parting. */
final class Pairing_Test extends Shop_Test_Case
{
    protected function setUp(): void
    {
        parent::setUp();
        Connection::forget();
        $this->answers = ['GET /health' => ['ok' => true, 'status' => 'ok', 'version' => '0.1.0'], 'POST /api/v1/pairing' => self::accept(...)];
    }

    protected function tearDown(): void
    {
        remove_all_filters('pre_option_permalink_structure');
        remove_all_filters('rest_authentication_errors');
        Pairing::unpair();
        parent::tearDown();
    }

    private static function accept(): array
    {
        return [201, ['ok' => true, 'shop_id' => 'shop-1', 'secret' => Signature::encode(self::SECRET), 'hash_key' => Signature::encode('hash'), 'sidecar' => ['version' => '0.1.0', 'min_plugin' => '0.1.0']]];
    }

    private static function keys(): array
    {
        global $wpdb;
        return $wpdb->get_results("SELECT * FROM {$wpdb->prefix}woocommerce_api_keys WHERE description LIKE 'DevSkyy%'");
    }

    public function test_by_code(): void
    {
        $before = count(self::keys());
        self::assertTrue(Pairing::with_code(self::SIDECAR . '/', ' abcd-efgh-jklm '));
        self::assertSame([self::SECRET, 'hash', 'shop-1', true], [Connection::secret(), Connection::hash_key(), Connection::shop_id(), Connection::usable()]);
        $body = end($this->sent)['body'];
        self::assertSame(['ABCD-EFGH-JKLM', Connection::site_id(), Connection::home()], [$body->code, $body->site_id, $body->home_url]);
        self::assertFalse(isset(end($this->sent)['headers']['Authorization']));
        self::assertCount($before + 1, self::keys());
        $key = self::keys()[$before];
        self::assertSame(['read', wc_api_hash($body->woocommerce_key->key), $body->woocommerce_key->secret], [$key->permissions, $key->consumer_key, $key->consumer_secret]);
        self::assertStringNotContainsString(self::SECRET, serialize(get_option('devskyy_connection')));
        self::assertTrue(Pairing::with_code(self::SIDECAR, 'ABCD-EFGH-JKLM'), 'again');
        self::assertCount($before + 1, self::keys(), 'the older key is gone');
        $this->answers['DELETE /api/v1/pairing'] = ['ok' => true];
        self::assertTrue(Pairing::unpair());
        self::assertCount($before, self::keys());
        self::assertFalse(Connection::paired());
    }

    public function test_by_key_signs_for_pairing(): void
    {
        self::assertTrue(Pairing::with_key(self::SIDECAR, Signature::encode(self::SECRET)));
        $token = substr(end($this->sent)['headers']['Authorization'], 7);
        [$head, $body, $signature] = explode('.', $token);
        self::assertSame('pairing', json_decode(Signature::decode($body))->aud);
        self::assertSame(hash_hmac('sha256', "$head.$body", self::SECRET, true), Signature::decode($signature));
        self::assertSame('pairing_key_invalid', Pairing::with_key(self::SIDECAR, 'short')->get_error_code());
    }

    /** @dataProvider refusals */
    public function test_each_refusal_has_its_own_code_and_leaves_nothing_behind(string $code, callable $arrange, string $url = self::SIDECAR): void
    {
        if (defined('DEVSKYY_SIDECAR_URL') && $url !== self::SIDECAR) {
            self::markTestSkipped('This shop names its sidecar in wp-config.php.');
        }
        $before = count(self::keys());
        $arrange($this->answers);
        $error = Pairing::with_code($url, 'ABCD-EFGH-JKLM');
        self::assertSame($code, $error->get_error_code());
        self::assertNotEmpty($error->get_error_data()['hint']);
        self::assertFalse(Connection::paired());
        self::assertCount($before, self::keys());
    }

    public function refusals(): array
    {
        $nothing = static function (): void {
        };
        $pairing = static fn (int $status, string $code): callable => static function (array &$answers) use ($status, $code): void {
            $answers['POST /api/v1/pairing'] = self::refusal($status, $code);
        };
        return [
            'wrong code' => ['pairing_code_wrong', $pairing(401, 'pairing_code_wrong')],
            'late code' => ['pairing_code_expired', $pairing(410, 'pairing_code_expired')],
            'too many tries' => ['pairing_locked', $pairing(429, 'pairing_locked')],
            'clocks apart' => ['clock_skew', $pairing(401, 'clock_skew')],
            'no sidecar there' => ['not_a_sidecar', static function (array &$answers): void {
                $answers['GET /health'] = [200, '<html></html>'];
            }],
            'nobody there' => ['sidecar_unreachable', static function (array &$answers): void {
                $answers = [];
            }],
            'an old sidecar' => ['version_unsupported', static function (array &$answers): void {
                $answers['GET /health'] = ['ok' => true, 'version' => '0.0.1'];
            }],
            'a sidecar that wants a newer plugin' => ['version_unsupported', static function (array &$answers): void {
                $answer = self::accept();
                $answer[1]['sidecar']['min_plugin'] = '9.0.0';
                $answers['POST /api/v1/pairing'] = $answer;
            }],
            'half an answer' => ['not_a_sidecar', static function (array &$answers): void {
                $answers['POST /api/v1/pairing'] = [201, ['ok' => true, 'shop_id' => 'x']];
            }],
            'plain permalinks' => ['permalinks_off', static function (): void {
                add_filter('pre_option_permalink_structure', '__return_empty_string');
            }],
            'a closed REST API' => ['rest_blocked', static function (): void {
                add_filter('rest_authentication_errors', static fn ($result) => is_user_logged_in() ? $result : new \WP_Error('rest_disabled', 'x'));
            }],
            'no address' => ['url_missing', static function (): void {
                delete_option('devskyy_sidecar_url');
            }, ''],
            'no such scheme' => ['url_invalid', $nothing, 'ftp://sidecar.test'],
            'a password in the address' => ['url_invalid', $nothing, 'http://a:b@sidecar.test'],
        ];
    }

    public function test_a_copy_stops_and_forgets_without_a_word_to_the_sidecar(): void
    {
        Pairing::with_code(self::SIDECAR, 'ABCD-EFGH-JKLM');
        $site = Connection::site_id();
        Connection::update(['home' => 'http://original.test']);
        self::assertTrue(Connection::halted());
        Outbox::note('product.saved', 'products', 1);
        $this->sent = [];
        self::assertTrue(Pairing::site('forget'));
        self::assertSame([], $this->sent);
        self::assertFalse(Connection::paired());
        self::assertSame(0, Outbox::count_waiting());
        self::assertNotSame($site, Connection::site_id());
    }

    public function test_a_shop_that_moved_goes_on(): void
    {
        Pairing::with_code(self::SIDECAR, 'ABCD-EFGH-JKLM');
        Connection::update(['home' => 'http://old.test']);
        $this->answers = ['POST /api/v1/pairing/site' => self::refusal(503, 'database_locked')];
        self::assertSame('database_locked', Pairing::site('moved')->get_error_code());
        self::assertTrue(Connection::halted());
        $this->answers = ['POST /api/v1/pairing/site' => ['ok' => true]];
        self::assertTrue(Pairing::site('moved'));
        self::assertTrue(Connection::usable());
    }

    public function test_parting_works_with_the_sidecar_away(): void
    {
        Pairing::with_code(self::SIDECAR, 'ABCD-EFGH-JKLM');
        $this->answers = [];
        self::assertSame('sidecar_unreachable', Pairing::unpair()->get_error_code());
        self::assertFalse(Connection::paired());
    }
}
