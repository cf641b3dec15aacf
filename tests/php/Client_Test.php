<?php

declare(strict_types=1);

namespace DevSkyy\Tests;

use DevSkyy\Sidecar\Client;
use DevSkyy\Sidecar\Connection;
use WP_Error;

/** The one outbound call. */
final class Client_Test extends Shop_Test_Case
{
    private static function curl(int $number, string $text): WP_Error
    {
        return new WP_Error('http_request_failed', "cURL error $number: $text");
    }

    /** @dataProvider failures */
    public function test_each_failure_has_its_own_code_and_hint(array|WP_Error $answer, string $code, bool $down): void
    {
        $this->answers = ['GET /api/v1/status' => $answer];
        $error = Client::request('GET', '/api/v1/status');
        self::assertSame($code, $error->get_error_code());
        self::assertNotSame($code, $error->get_error_message());
        self::assertNotEmpty($error->get_error_data()['hint']);
        self::assertSame($down, Client::is_down());
    }

    public function failures(): array
    {
        return [
            'refused' => [self::curl(7, 'Failed to connect to x port 1'), 'sidecar_unreachable', true],
            'no such host' => [self::curl(6, 'Could not resolve host: x'), 'sidecar_unknown_host', true],
            'certificate' => [self::curl(60, 'SSL certificate problem: self-signed certificate'), 'tls_failed', true],
            'plain http behind https' => [self::curl(35, 'error:0A00010B:SSL routines::wrong version number'), 'tls_failed', true],
            'slow answer' => [self::curl(28, 'Operation timed out after 5001 milliseconds with 0 bytes received'), 'sidecar_timeout', true],
            'slow connection' => [self::curl(28, 'Connection timed out after 5001 milliseconds'), 'sidecar_unreachable', true],
            'blocked by WordPress' => [new WP_Error('http_request_not_executed', 'User has blocked requests through HTTP.'), 'http_blocked', true],
            'another protocol' => [self::curl(1, 'Received HTTP/0.9 when not allowed'), 'not_a_sidecar', true],
            'a redirect' => [[301, ''], 'sidecar_redirects', false],
            'a web page' => [[200, '<html></html>'], 'not_a_sidecar', false],
            'some JSON' => [[200, ['hello' => 1]], 'not_a_sidecar', false],
            'a proxy without a sidecar' => [[502, '<html></html>'], 'sidecar_error', false],
            'another site' => [[404, 'Not found'], 'not_a_sidecar', false],
            'a refusal' => [self::refusal(401, 'clock_skew'), 'clock_skew', false],
            'an unknown refusal' => [self::refusal(422, 'something_new'), 'something_new', false],
        ];
    }

    protected function tearDown(): void
    {
        remove_all_filters('pre_option_permalink_structure');
        parent::tearDown();
    }

    public function test_a_known_answer_is_shown_with_its_age_while_the_sidecar_is_away(): void
    {
        $this->answers = ['GET /api/v1/runs' => ['ok' => true, 'items' => [], 'filters' => new \stdClass()]];
        self::assertFalse(isset(Client::get('/api/v1/runs', ['limit' => 5])->stale));
        $this->answers = [];
        $answer = Client::get('/api/v1/runs', ['limit' => 5]);
        self::assertSame('sidecar_unreachable', $answer->stale['error']['code']);
        self::assertInstanceOf(\stdClass::class, $answer->filters, 'an empty object stays one');
        self::assertSame('sidecar_unreachable', Client::get('/api/v1/runs', ['limit' => 6])->get_error_code(), 'another question has no answer yet');
    }

    public function test_a_refusal_is_not_covered_up_by_an_old_answer(): void
    {
        $this->answers = ['GET /api/v1/runs' => ['ok' => true, 'items' => []]];
        Client::get('/api/v1/runs');
        $this->answers = ['GET /api/v1/runs' => self::refusal(401, 'shop_unpaired')];
        self::assertSame('shop_unpaired', Client::get('/api/v1/runs')->get_error_code());
    }

    public function test_after_a_failure_nobody_waits_again(): void
    {
        Client::request('GET', '/api/v1/status');
        Client::request('GET', '/api/v1/runs');
        self::assertCount(1, $this->sent);
        $this->answers = ['GET' => ['ok' => true]];
        Client::request('GET', '/api/v1/status', [], null, ['force' => true]);
        self::assertFalse(Client::is_down());
        self::assertLessThanOrEqual(5, $this->sent[0]['timeout']);
    }

    public function test_who_presses_try_again_may_wait(): void
    {
        Client::request('GET', '/api/v1/status');
        $this->answers = ['GET' => ['ok' => true]];
        self::assertInstanceOf(\WP_Error::class, Client::request('GET', '/api/v1/runs'));
        $_SERVER['HTTP_X_DEVSKYY_RETRY'] = '1';
        try {
            self::assertTrue(Client::request('GET', '/api/v1/runs')->ok);
        } finally {
            unset($_SERVER['HTTP_X_DEVSKYY_RETRY']);
        }
        self::assertFalse(Client::is_down());
    }

    public function test_who_acts_is_signed_in(): void
    {
        $this->answers = ['POST' => ['ok' => true]];
        Client::request('POST', '/api/v1/runs', [], ['a' => 1], ['person' => true]);
        $claims = json_decode(\DevSkyy\Sidecar\Signature::decode(explode('.', $this->sent[0]['headers']['Authorization'])[1]));
        self::assertSame([get_current_user_id(), ['manage_woocommerce', 'manage_options']], [$claims->who->id, $claims->who->caps]);
        self::assertSame(hash('sha256', '{"a":1}'), $claims->bh);
    }

    public function test_changed_salts_are_said(): void
    {
        Connection::update(['secret' => 'v1.AAAA']);
        self::assertSame('secret_unreadable', Client::request('GET', '/api/v1/status')->get_error_code());
        self::assertSame([], $this->sent);
    }
}
