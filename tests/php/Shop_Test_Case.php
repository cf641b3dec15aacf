<?php

declare(strict_types=1);

namespace DevSkyy\Tests;

use DevSkyy\Changes\Applier;
use DevSkyy\Changes\Canonical_Json;
use DevSkyy\Database;
use DevSkyy\Events\Outbox;
use DevSkyy\Sidecar\Answers;
use DevSkyy\Sidecar\Connection;
use PHPUnit\Framework\TestCase;
use WP_Error;
use WP_REST_Request;
use WP_REST_Response;

/** A paired shop whose sidecar is played by the test: `answer` says what comes back, `sent` holds what went out. */
abstract class Shop_Test_Case extends TestCase
{
    protected const SECRET = '0123456789abcdef0123456789abcdef';
    protected const SIDECAR = 'http://sidecar.test:8787';

    /** @var list<array{method: string, path: string, body: ?\stdClass, headers: array}> */
    protected array $sent = [];
    /** @var array<string, callable|array|WP_Error> Answers by "METHOD /path" (without query), the first that starts so. */
    protected array $answers = [];

    protected function setUp(): void
    {
        global $wpdb;
        wp_set_current_user($this->user('administrator'));
        foreach ([Database::outbox(), Database::ledger(), Database::answers()] as $table) {
            $wpdb->query("DELETE FROM $table");
        }
        foreach (['devskyy_next_drain', 'devskyy_drain_state', 'devskyy_unsettled', 'devskyy_agents'] as $option) {
            delete_option($option);
        }
        delete_transient('devskyy_down');
        $this->pair();
        add_filter('pre_http_request', [$this, 'play'], 10, 3);
        Outbox::clear();
    }

    protected function tearDown(): void
    {
        remove_filter('pre_http_request', [$this, 'play'], 10);
        remove_all_actions('devskyy_after_ledger_row');
        remove_all_actions('devskyy_after_write');
        remove_all_filters('pre_option_woocommerce_custom_orders_table_enabled');
        Outbox::clear();
        Connection::forget();
        Answers::forget();
        delete_transient('devskyy_down');
    }

    protected function pair(): void
    {
        Connection::save([
            'url' => self::SIDECAR,
            'shop_id' => '11111111-2222-4333-8444-555555555555',
            'secret' => self::SECRET,
            'hash_key' => str_repeat('k', 32),
            'home' => Connection::home(),
            'paired_at' => '2026-11-24T00:00:00Z',
            'sidecar_version' => '0.1.0',
            'wc_key_id' => 0,
        ]);
    }

    /** Stands in for the network: the only outbound call of the plugin ends here. */
    public function play(mixed $before, array $request, string $url): mixed
    {
        // The shop of these tests may name a sidecar in wp-config.php, which goes before what is stored.
        $sidecar = str_starts_with($url, self::SIDECAR) ? self::SIDECAR : Connection::url();
        if (!str_starts_with($url, $sidecar)) {
            return $before;
        }
        $path = substr($url, strlen($sidecar));
        $this->sent[] = ['method' => $request['method'], 'path' => $path, 'body' => json_decode((string) $request['body']), 'headers' => $request['headers'], 'timeout' => $request['timeout'], 'redirection' => $request['redirection']];
        foreach ($this->answers as $start => $answer) {
            if (str_starts_with($request['method'] . ' ' . $path, $start)) {
                return $this->response(is_callable($answer) ? $answer(end($this->sent)) : $answer);
            }
        }
        return new WP_Error('http_request_failed', 'cURL error 7: Failed to connect to sidecar.test port 8787 after 0 ms: Could not connect to server');
    }

    protected function response(array|WP_Error $answer): array|WP_Error
    {
        if (is_wp_error($answer)) {
            return $answer;
        }
        [$status, $body, $headers] = (isset($answer[0]) ? $answer : [200, $answer]) + [2 => []];
        return ['response' => ['code' => $status, 'message' => ''], 'headers' => $headers, 'body' => is_string($body) ? $body : wp_json_encode($body), 'cookies' => [], 'filename' => null];
    }

    protected static function refusal(int $status, string $code): array
    {
        return [$status, ['ok' => false, 'error' => ['code' => $code, 'message' => 'It said no.', 'hint' => 'Do this.', 'request_id' => 'r1']]];
    }

    /** A user of that role, made once. */
    protected function user(string $role): int
    {
        $user = get_user_by('login', "phpunit-$role");
        return $user ? $user->ID : wp_insert_user(['user_login' => "phpunit-$role", 'user_pass' => 'phpunit', 'user_email' => "phpunit-$role@example.test", 'role' => $role]);
    }

    protected function product(array $props = []): \WC_Product_Simple
    {
        $product = new \WC_Product_Simple();
        $product->set_props($props + ['name' => 'Silk scarf', 'regular_price' => '20', 'status' => 'publish']);
        $product->save();
        return $product;
    }

    protected function order(array $props = [], int $quantity = 2): \WC_Order
    {
        $order = new \WC_Order();
        $order->set_props($props + ['status' => 'processing', 'billing_email' => 'Anna@Example.test', 'billing_country' => 'DE', 'billing_postcode' => '10 115']);
        $order->add_product($this->product(), $quantity);
        $order->calculate_totals();
        $order->save();
        return $order;
    }

    /** A fresh proposal id. */
    protected static function id(): string
    {
        return bin2hex(random_bytes(16));
    }

    /** @param array<string, array{0: mixed, 1: mixed}> $set Path → [was, to]. */
    protected static function patch(string $proposal, int $n, string $resource, array $set): \stdClass
    {
        $items = [];
        foreach ($set as $path => [$was, $to]) {
            $items[] = (object) ['path' => $path, 'was' => $was, 'to' => $to];
        }
        return (object) ['kind' => 'patch', 'change_id' => "$proposal-$n", 'resource' => $resource, 'set' => $items];
    }

    protected static function apply(string $proposal, array $changes): array|WP_Error
    {
        return Applier::apply($proposal, $changes, Canonical_Json::digest($proposal, $changes));
    }

    /** Proposes one patch of a product and applies it; answers the proposal's id. */
    protected static function applied(int $product, array $set): string
    {
        $id = self::id();
        $done = self::apply($id, [self::patch($id, 1, "wc/v3/products/$product", $set)]);
        self::assertSame('applied', $done['state'], (string) wp_json_encode($done));
        return $id;
    }

    protected static function fresh(int $id): \WC_Product
    {
        clean_post_cache($id);
        return wc_get_product($id);
    }

    /** Makes the process "die" at a step; what runs after it is what the next process finds. */
    protected function die_at(string $step, int $time = 1): void
    {
        $count = 0;
        $die = static function () use (&$count, &$die, $step, $time): void {
            if (++$count === $time) {
                remove_action($step, $die);
                throw new Died($step);
            }
        };
        add_action($step, $die);
    }

    protected function call(string $method, string $route, ?array $body = null, array $query = []): WP_REST_Response
    {
        $request = new WP_REST_Request($method, $route);
        $request->set_query_params($query);
        if ($body !== null) {
            $request->set_header('Content-Type', 'application/json');
            $request->set_body((string) wp_json_encode($body));
        }
        if (is_user_logged_in()) {
            $request->set_header('X-WP-Nonce', wp_create_nonce('wp_rest'));
        }
        return rest_do_request($request);
    }

    /** Signs the current user in by cookie, as a browser in wp-admin is. */
    protected function with_cookie(): void
    {
        $token = \WP_Session_Tokens::get_instance(get_current_user_id())->create(time() + 3600);
        $_COOKIE[LOGGED_IN_COOKIE] = wp_generate_auth_cookie(get_current_user_id(), time() + 3600, 'logged_in', $token);
    }

    /** Order tables on or off for the rest of the test, whatever the shop has. */
    protected static function hpos(bool $on): void
    {
        add_filter('pre_option_woocommerce_custom_orders_table_enabled', static fn (): string => $on ? 'yes' : 'no');
    }
}

/** The process ended here. */
final class Died extends \RuntimeException
{
}
