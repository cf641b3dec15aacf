<?php

declare(strict_types=1);

namespace DevSkyy\Tests;

use DevSkyy\Admin\Oauth_Return;
use DevSkyy\Database;
use DevSkyy\Sidecar\Connection;

/** Services and webhooks: whose word the sidecar gets, what is let through, and the way back from a service. */
final class Connections_Test extends Shop_Test_Case
{
    private const ID = '0123456789abcdef0123456789abcdef';
    private const STATE = self::ID . '.abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG';
    private const PAGE = 'page=devskyy-connections';
    private const SERVICES = '/devskyy/v1/connections/services';
    private const WEBHOOKS = '/devskyy/v1/connections/webhooks';

    protected function setUp(): void
    {
        parent::setUp();
        $this->as_role('shop_manager');
    }

    protected function tearDown(): void
    {
        unset($_COOKIE[LOGGED_IN_COOKIE], $GLOBALS['wp_rest_application_password_uuid']);
        $_GET = [];
        remove_all_filters('wp_redirect');
        Oauth_Return::result();
        parent::tearDown();
    }

    private function as_role(string $role): void
    {
        wp_set_current_user($this->user($role));
        unset($_COOKIE[LOGGED_IN_COOKIE]);
        $this->with_cookie();
    }

    /** @return list<array{0: string, 1: string, 2: string}> Method, route here, path at the sidecar. */
    private static function routes(): array
    {
        $id = self::ID;
        [$services, $webhooks] = ['/api/v1/integrations', '/api/v1/webhooks'];
        return [
            ['GET', self::SERVICES, $services], ['POST', self::SERVICES, $services], ['PATCH', self::SERVICES . "/$id", "$services/$id"], ['DELETE', self::SERVICES . "/$id", "$services/$id"],
            ['POST', self::SERVICES . "/$id/authorize", "$services/$id/authorize"], ['POST', self::SERVICES . "/$id/check", "$services/$id/check"],
            ['GET', self::WEBHOOKS, "$webhooks/list"], ['GET', '/devskyy/v1/connections/events', "$webhooks/events"], ['POST', self::WEBHOOKS, "$webhooks/subscribe"],
            ['PATCH', self::WEBHOOKS . "/$id", "$webhooks/$id"], ['DELETE', self::WEBHOOKS . "/$id", "$webhooks/$id"], ['POST', self::WEBHOOKS . "/$id/secret", "$webhooks/$id/secret"],
            ['POST', self::WEBHOOKS . "/$id/test", "$webhooks/test"], ['GET', self::WEBHOOKS . "/$id/messages", "$webhooks/$id/deliveries"],
            ['POST', self::WEBHOOKS . "/$id/messages/$id/redeliver", "$webhooks/$id/deliveries/$id/redeliver"],
        ];
    }

    private function ask(array $route, ?array $body = null): array
    {
        $answer = $this->call($route[0], $route[1], $body ?? ($route[0] === 'GET' ? null : []));
        return [$answer->get_status(), $answer->get_data()];
    }

    /** What the last request's signature says about who asks. */
    private function signed_by(): \stdClass
    {
        $token = substr(end($this->sent)['headers']['Authorization'], strlen('Bearer '));
        return json_decode(base64_decode(strtr(explode('.', $token)[1], '-_', '+/')))->who;
    }

    public function test_each_route_asks_the_sidecar_in_the_persons_name(): void
    {
        $this->answers = ['' => ['ok' => true]];
        foreach (self::routes() as $route) {
            [$status] = $this->ask($route);
            self::assertContains($status, [200, 201, 202], "$route[0] $route[1]");
            self::assertSame([$route[0], $route[2]], [end($this->sent)['method'], end($this->sent)['path']]);
            self::assertSame([get_current_user_id(), ['manage_woocommerce']], [$this->signed_by()->id, $this->signed_by()->caps]);
        }
    }

    public function test_who_does_not_manage_the_shop_or_is_no_browser_is_refused(): void
    {
        foreach (self::routes() as $route) {
            $this->as_role('editor');
            self::assertSame('not_allowed', $this->ask($route)[1]['code'], "$route[0] $route[1]");
            $this->as_role('administrator');
            unset($_COOKIE[LOGGED_IN_COOKIE]);
            self::assertSame('session_required', $this->ask($route)[1]['code'], "$route[0] $route[1]");
            $this->as_role('administrator');
            $GLOBALS['wp_rest_application_password_uuid'] = wp_generate_uuid4();
            self::assertSame('session_required', $this->ask($route)[1]['code'], "$route[0] $route[1]");
            unset($GLOBALS['wp_rest_application_password_uuid']);
        }
        self::assertSame([], $this->sent);
    }

    public function test_only_known_fields_pass(): void
    {
        $this->answers = ['' => ['ok' => true]];
        $oauth = ['client_id' => 'a', 'params' => (object) []];
        $this->ask(['POST', self::SERVICES], ['name' => 'Main', 'oauth2' => $oauth, 'state' => 'connected', 'created_by' => 1]);
        self::assertEquals((object) ['name' => 'Main', 'oauth2' => (object) $oauth], end($this->sent)['body']);
        $this->ask(['PATCH', self::SERVICES . '/' . self::ID], ['rate_per_minute' => 5, 'base_url' => 'https://elsewhere.example.com', 'provider' => 'x']);
        self::assertEquals((object) ['rate_per_minute' => 5], end($this->sent)['body']);
        $this->ask(['PATCH', self::WEBHOOKS . '/' . self::ID], ['state' => 'paused', 'secret' => 'mine']);
        self::assertEquals((object) ['state' => 'paused'], end($this->sent)['body']);
        $this->ask(['POST', self::WEBHOOKS . '/' . self::ID . '/test'], ['id' => str_repeat('f', 32)]);
        self::assertEquals((object) ['id' => self::ID], end($this->sent)['body']);
    }

    public function test_what_a_request_is_about_stands_in_its_address(): void
    {
        $this->answers = ['' => ['ok' => true]];
        $other = str_repeat('f', 32);
        foreach (['DELETE' => '', 'POST' => '/secret'] as $method => $act) {
            $this->ask([$method, self::WEBHOOKS . '/' . self::ID . $act], ['id' => "$other/deliveries/$other/redeliver?"]);
            self::assertSame('/api/v1/webhooks/' . self::ID . $act, end($this->sent)['path']);
        }
        $this->call('POST', '/devskyy/v1/runs/' . self::ID . '/cancel', ['id' => "../proposals/$other/approve?"]);
        self::assertSame('/api/v1/runs/' . self::ID . '/cancel', end($this->sent)['path']);
    }

    public function test_the_browser_does_not_choose_where_a_service_sends_it(): void
    {
        $this->answers = ['' => ['ok' => true, 'url' => 'https://auth.example.com/']];
        [$status, $answer] = $this->ask(['POST', self::SERVICES . '/' . self::ID . '/authorize'], ['redirect_uri' => 'https://evil.example.com/wp-admin/']);
        self::assertSame([200, 'https://auth.example.com/'], [$status, $answer->url]);
        self::assertSame(Oauth_Return::url(), end($this->sent)['body']->redirect_uri);
        self::assertStringContainsString('/wp-admin/admin.php?' . self::PAGE, Oauth_Return::url());
    }

    public function test_the_way_back_is_on_https_where_wp_admin_is(): void
    {
        $this->answers = ['' => ['ok' => true, 'url' => 'https://auth.example.com/']];
        $before = force_ssl_admin(true);
        $this->ask(['POST', self::SERVICES . '/' . self::ID . '/authorize']);
        force_ssl_admin($before);
        $home = Connection::home();
        self::assertStringStartsWith('http://', $home);
        self::assertStringStartsWith('https://' . substr($home, strlen('http://')) . '/wp-admin/', end($this->sent)['body']->redirect_uri);
    }

    public function test_what_makes_something_hands_the_key_of_the_press_on(): void
    {
        $things = [self::SERVICES => 201, self::WEBHOOKS => 201, self::WEBHOOKS . '/' . self::ID . '/secret' => 200, '/devskyy/v1/access/keys' => 201, '/devskyy/v1/access/clients' => 201];
        $things += ['/devskyy/v1/inventory/suppliers' => 201, '/devskyy/v1/inventory/locations' => 201, '/devskyy/v1/inventory/overrides' => 201, '/devskyy/v1/inventory/purchase-orders' => 201];
        $things += ['/devskyy/v1/agents/cut-price/runs' => 202];
        foreach ($things as $route => $status) {
            foreach ([[], ['repeated' => true]] as $more) {
                $this->answers = ['' => ['ok' => true] + $more];
                $request = new \WP_REST_Request('POST', $route);
                foreach (['Content-Type' => 'application/json', 'X-WP-Nonce' => wp_create_nonce('wp_rest'), 'Idempotency-Key' => "press $route"] as $name => $value) {
                    $request->set_header($name, $value);
                }
                $request->set_body('{"name": "x"}');
                self::assertSame($more === [] || $status === 202 ? $status : 200, rest_do_request($request)->get_status(), $route);
                self::assertSame("press $route", end($this->sent)['headers']['Idempotency-Key']);
            }
            $this->call('POST', $route, ['name' => 'x']);
            self::assertArrayNotHasKey('Idempotency-Key', end($this->sent)['headers']);
        }
    }

    public function test_whoever_waits_for_another_server_waits_longer(): void
    {
        $this->answers = ['' => ['ok' => true]];
        foreach ([['POST', '/check'], ['DELETE', '']] as [$method, $act]) {
            $this->ask([$method, self::SERVICES . '/' . self::ID . $act]);
            self::assertSame(30, end($this->sent)['timeout']);
        }
        $this->ask(['GET', self::SERVICES]);
        self::assertSame(5, end($this->sent)['timeout']);
    }

    public function test_a_secret_goes_through_and_stays_nowhere(): void
    {
        global $wpdb;
        $this->answers = ['POST /api/v1/webhooks/subscribe' => [201, ['ok' => true, 'webhook' => ['id' => self::ID, 'secret' => 'whsec_planted']]], '' => ['ok' => true]];
        [$status, $answer] = $this->ask(['POST', self::WEBHOOKS], ['url' => 'https://hooks.example.com/', 'events' => ['*']]);
        self::assertSame([201, 'whsec_planted'], [$status, $answer->webhook->secret]);
        $this->ask(['POST', self::SERVICES], ['api_key' => ['key' => 'key-planted']]);
        self::assertSame('key-planted', end($this->sent)['body']->api_key->key);
        foreach ([[$wpdb->options, 'option_value'], [$wpdb->usermeta, 'meta_value'], [Database::answers(), 'body']] as [$table, $column]) {
            self::assertSame('0', $wpdb->get_var($wpdb->prepare('SELECT COUNT(*) FROM %i WHERE %i LIKE %s', $table, $column, '%planted%')), $table);
        }
    }

    public function test_lists_outlive_the_sidecar_and_older_pages_are_not_kept(): void
    {
        $this->answers = ['' => ['ok' => true, 'items' => [['id' => self::ID]]]];
        $messages = self::WEBHOOKS . '/' . self::ID . '/messages';
        foreach ([[self::SERVICES, []], [self::WEBHOOKS, []], [$messages, ['limit' => 25]], [$messages, ['limit' => 25, 'cursor' => 7]]] as [$route, $query]) {
            self::assertSame(200, $this->call('GET', $route, null, $query)->get_status());
        }
        $this->answers = [];
        self::assertSame(self::ID, $this->call('GET', self::SERVICES)->get_data()->items[0]->id);
        self::assertNotEmpty($this->call('GET', self::WEBHOOKS)->get_data()->stale->error['hint'] ?? $this->call('GET', self::WEBHOOKS)->get_data()->stale['error']['hint']);
        self::assertSame(200, $this->call('GET', $messages, null, ['limit' => 25])->get_status());
        self::assertSame(503, $this->call('GET', $messages, null, ['limit' => 25, 'cursor' => 7])->get_status());
        self::assertSame(503, $this->call('POST', self::SERVICES . '/' . self::ID . '/check', [])->get_status());
    }

    public function test_refusals_keep_their_fields(): void
    {
        $this->answers = ['' => [422, ['ok' => false, 'error' => ['code' => 'invalid', 'message' => 'No.', 'hint' => 'Do this.', 'fields' => ['oauth2.token_url' => 'is private']]]]];
        [$status, $answer] = $this->ask(['POST', self::SERVICES], ['name' => 'x']);
        self::assertSame([422, 'is private'], [$status, $answer['data']['fields']->{'oauth2.token_url'}]);
        foreach (['/x', '/' . self::ID . 'a', '/' . self::ID . '%2F..'] as $odd) {
            self::assertSame(404, $this->call('PATCH', self::SERVICES . $odd, [])->get_status(), $odd);
        }
        self::assertSame(400, $this->call('GET', self::WEBHOOKS . '/' . self::ID . '/messages', null, ['cursor' => 'x'])->get_status());
    }

    /** What a return leads to: the address that the browser is sent on to, or null when it was no return. */
    private function come_back(array $query): ?string
    {
        $_GET = array_map('wp_slash', ['page' => 'devskyy-connections'] + $query);
        add_filter('wp_redirect', static function (string $to): never {
            throw new \DomainException($to);
        });
        try {
            Oauth_Return::take();
        } catch (\DomainException $redirect) {
            return $redirect->getMessage();
        } finally {
            remove_all_filters('wp_redirect');
        }
        return null;
    }

    public function test_a_return_is_handed_on_and_told_once(): void
    {
        $this->answers = ['POST /api/v1/integrations/' . self::ID . '/callback' => ['ok' => true, 'integration' => ['name' => 'Main "one"']]];
        $code = "co'de\\1\"2";
        self::assertSame(Oauth_Return::url(), $this->come_back(['state' => self::STATE, 'code' => $code, 'iss' => 'https://auth.example.com', 'scope' => 'read']));
        self::assertEquals((object) ['state' => self::STATE, 'code' => $code, 'iss' => 'https://auth.example.com'], end($this->sent)['body']);
        self::assertSame([get_current_user_id(), 30], [$this->signed_by()->id, end($this->sent)['timeout']]);
        self::assertSame(['ok' => true, 'id' => self::ID, 'name' => 'Main "one"'], Oauth_Return::result());
        self::assertNull(Oauth_Return::result());
    }

    public function test_a_refused_return_says_what_to_do(): void
    {
        $this->answers = ['' => self::refusal(409, 'state_unknown')];
        self::assertSame(Oauth_Return::url(), $this->come_back(['state' => self::STATE, 'code' => 'c']));
        $result = Oauth_Return::result();
        self::assertSame([false, self::ID, 'state_unknown'], [$result['ok'], $result['id'], $result['error']['code']]);
        self::assertNotEmpty($result['error']['hint']);
        $this->answers = ['' => self::refusal(409, 'authorization_refused')];
        $this->come_back(['state' => self::STATE, 'error' => 'access_denied']);
        self::assertStringContainsString('denied', Oauth_Return::result()['error']['message']);
        $this->come_back(['state' => self::STATE, 'error' => 'server_error']);
        self::assertSame('It said no.', Oauth_Return::result()['error']['message']);
        $this->answers = [];
        $this->come_back(['state' => self::STATE, 'code' => 'c']);
        self::assertSame('sidecar_unreachable', Oauth_Return::result()['error']['code']);
    }

    public function test_what_is_no_return_asks_nobody(): void
    {
        self::assertNull($this->come_back([]));
        self::assertNull($this->come_back(['iss' => 'https://auth.example.com', 'tab' => 'webhooks']));
        self::assertNull($this->come_back(['code' => ['a'], 'state' => ['b']]));
        self::assertNull($this->come_back(['code' => str_repeat('a', 4001)]));
        self::assertNull(Oauth_Return::result());
        foreach (['x', self::ID, self::ID . '.short', strtoupper(self::STATE), self::STATE . '/../..', self::STATE . "\n"] as $state) {
            self::assertSame(Oauth_Return::url(), $this->come_back(['state' => $state, 'code' => 'c']));
            self::assertSame('state_unknown', Oauth_Return::result()['error']['code']);
        }
        wp_set_current_user($this->user('editor'));
        self::assertNull($this->come_back(['state' => self::STATE, 'code' => 'c']));
        self::assertSame([], $this->sent);
    }

    public function test_a_return_is_told_to_nobody_else(): void
    {
        $this->answers = ['' => ['ok' => true, 'integration' => ['name' => 'Main']]];
        $this->come_back(['state' => self::STATE, 'code' => 'c']);
        $this->as_role('administrator');
        self::assertNull(Oauth_Return::result());
        $this->as_role('shop_manager');
        self::assertTrue(Oauth_Return::result()['ok']);
    }
}
