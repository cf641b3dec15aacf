<?php

declare(strict_types=1);

namespace DevSkyy\Tests;

use DevSkyy\Sidecar\Connection;
use DevSkyy\Sidecar\Signature;

/** Who may call what. */
final class Access_Test extends Shop_Test_Case
{
    private const ID = '0123456789abcdef0123456789abcdef';

    protected function tearDown(): void
    {
        unset($_COOKIE[LOGGED_IN_COOKIE], $GLOBALS['wp_rest_application_password_uuid']);
        parent::tearDown();
    }

    private static function staff_routes(): array
    {
        $id = self::ID;
        return [
            ['GET', '/proposals'], ['GET', "/proposals/$id"], ['GET', '/agents'], ['POST', '/agents/x/settings'], ['POST', '/agents/x/runs'], ['GET', '/runs'], ['GET', "/runs/$id"],
            ['POST', "/runs/$id/cancel"], ['GET', '/status'], ['POST', '/status/sync'], ['POST', '/status/drain'], ['POST', '/status/settle'], ['POST', '/status/parked/1/retry'], ['POST', '/status/parked/1/drop'], ['POST', '/jobs/x/retry'],
        ];
    }

    private static function decisions(): array
    {
        $id = self::ID;
        return [
            ['POST', "/proposals/$id/approve", ['digest' => str_repeat('a', 64)]],
            ['POST', "/proposals/$id/reject", []],
            ['POST', "/proposals/$id/snooze", ['until' => '2027-01-01T00:00:00Z']],
            ['POST', "/proposals/$id/undo", []],
            ['POST', '/proposals/bulk', ['action' => 'approve', 'items' => [['id' => $id, 'digest' => str_repeat('a', 64)]]]],
        ];
    }

    private function refused(array $route): bool
    {
        [$method, $path] = $route;
        $answer = $this->call($method, "/devskyy/v1$path", $route[2] ?? ($method === 'GET' ? null : []));
        return in_array($answer->get_status(), [401, 403], true);
    }

    private function as_role(?string $role): void
    {
        wp_set_current_user($role === null ? 0 : $this->user($role));
        unset($_COOKIE[LOGGED_IN_COOKIE]);
        $role === null || $this->with_cookie();
    }

    /** @dataProvider roles */
    public function test_roles(?string $role, bool $staff, bool $admin): void
    {
        $this->as_role($role);
        foreach (array_merge(self::staff_routes(), self::decisions()) as $route) {
            self::assertSame(!$staff, $this->refused($route), "$route[0] $route[1]");
        }
        foreach ([['POST', '/pairing', []], ['POST', '/pairing/site', ['decision' => 'moved']], ['DELETE', '/pairing', null]] as $route) {
            self::assertSame(!$admin, $this->refused($route), "$route[0] $route[1]");
        }
    }

    public function roles(): array
    {
        return [
            'anonymous' => [null, false, false],
            'customer' => ['customer', false, false],
            'editor' => ['editor', false, false],
            'shop manager' => ['shop_manager', true, false],
            'administrator' => ['administrator', true, true],
        ];
    }

    public function test_without_a_session_an_administrator_cannot_decide_or_pair(): void
    {
        $this->as_role('administrator');
        unset($_COOKIE[LOGGED_IN_COOKIE]);
        foreach ([...self::decisions(), ['POST', '/pairing', []]] as [$method, $path, $body]) {
            $answer = $this->call($method, "/devskyy/v1$path", $body);
            self::assertSame([403, 'session_required'], [$answer->get_status(), $answer->get_data()['code']], $path);
        }
        self::assertSame([], $this->sent);
    }

    public function test_an_application_password_cannot_decide_even_beside_a_cookie(): void
    {
        $this->as_role('administrator');
        $GLOBALS['wp_rest_application_password_uuid'] = wp_generate_uuid4();
        foreach (self::decisions() as [$method, $path, $body]) {
            self::assertSame('session_required', $this->call($method, "/devskyy/v1$path", $body)->get_data()['code'], $path);
        }
    }

    public function test_a_cookie_of_another_person_does_not_help(): void
    {
        $this->as_role('administrator');
        wp_set_current_user($this->user('shop_manager'));
        self::assertTrue($this->refused(self::decisions()[0]));
    }

    public function test_a_wrong_nonce(): void
    {
        $this->as_role('administrator');
        $request = new \WP_REST_Request('POST', '/devskyy/v1/proposals/' . self::ID . '/undo');
        $request->set_header('X-WP-Nonce', 'abcdef1234');
        self::assertSame('session_required', rest_do_request($request)->get_data()['code']);
    }

    private function signed(array $query = ['resource' => 'categories'], array $claims = [], array $sent = []): array
    {
        $path = Signature::canonical_path('/devskyy/v1/export', $query);
        $token = Signature::token($claims + Signature::claims('sidecar', Connection::shop_id(), 'GET', $path, ''), self::SECRET);
        $request = new \WP_REST_Request('GET', '/devskyy/v1/export');
        $request->set_query_params(($sent['query'] ?? $query) + ['rest_route' => '/devskyy/v1/export']);
        $request->set_header('Authorization', $sent['authorization'] ?? "Bearer $token");
        $request->set_header('X-DevSkyy-Version', $sent['version'] ?? '0.1.0');
        $answer = rest_do_request($request);
        return [$answer->get_status(), $answer->get_data()['code'] ?? 'ok'];
    }

    public function test_the_export_opens_to_the_sidecars_signature_only(): void
    {
        wp_set_current_user(0);
        $now = time();
        self::assertSame([200, 'ok'], $this->signed());
        self::assertSame([401, 'signature_missing'], $this->signed(sent: ['authorization' => '']));
        self::assertSame([401, 'signature_missing'], $this->signed(sent: ['authorization' => 'Basic abc']));
        self::assertSame([401, 'request_altered'], $this->signed(sent: ['query' => ['resource' => 'orders']]));
        self::assertSame([401, 'signature_invalid'], $this->signed(claims: ['iss' => 'plugin']));
        self::assertSame([401, 'audience_mismatch'], $this->signed(claims: ['aud' => 'another shop']));
        self::assertSame([401, 'clock_skew'], $this->signed(claims: ['iat' => $now - 600, 'exp' => $now - 540]));
        self::assertSame([401, 'signature_invalid'], $this->signed(claims: ['iat' => $now, 'exp' => $now + 3600]));
        self::assertSame([426, 'version_unsupported'], $this->signed(sent: ['version' => '0.0.9']));
        Connection::update(['home' => 'http://original.test']);
        self::assertSame([409, 'site_changed'], $this->signed());
        Connection::forget();
        self::assertSame([401, 'shop_unpaired'], $this->signed());
    }

    public function test_an_administrator_has_no_way_into_the_export(): void
    {
        $this->as_role('administrator');
        foreach (['/shop', '/export', '/export/ids', '/ledger'] as $path) {
            $answer = $this->call('GET', "/devskyy/v1$path", null, ['resource' => 'orders', 'proposal' => 'x']);
            self::assertSame(401, $answer->get_status(), $path);
        }
    }

    public function test_every_route_has_a_permission_and_checked_arguments(): void
    {
        $routes = array_filter(rest_get_server()->get_routes('devskyy/v1'), static fn (string $route): bool => $route !== '/devskyy/v1', ARRAY_FILTER_USE_KEY);
        self::assertGreaterThan(25, count($routes));
        foreach ($routes as $route => $handlers) {
            foreach ($handlers as $handler) {
                self::assertIsCallable($handler['permission_callback'], $route);
                self::assertNotSame('__return_true', $handler['permission_callback'], $route);
                foreach ($handler['args'] as $name => $arg) {
                    self::assertIsCallable($arg['validate_callback'] ?? null, "$route $name");
                    self::assertIsCallable($arg['sanitize_callback'] ?? null, "$route $name");
                }
            }
        }
    }

    public function test_broken_and_oversized_bodies(): void
    {
        $this->as_role('shop_manager');
        $request = new \WP_REST_Request('POST', '/devskyy/v1/agents/x/runs');
        $request->set_header('Content-Type', 'application/json');
        $request->set_body('{"input": ');
        $answer = apply_filters('rest_post_dispatch', rest_do_request($request), rest_get_server(), $request);
        self::assertSame([400, 'invalid'], [$answer->get_status(), $answer->get_data()['code']]);
        self::assertNotEmpty($answer->get_data()['data']['hint']);
        $answer = $this->call('POST', '/devskyy/v1/agents/x/runs', ['input' => ['x' => str_repeat('a', 1_100_000)]]);
        self::assertSame([413, 'too_large'], [$answer->get_status(), $answer->get_data()['code']]);
        self::assertSame(400, $this->call('POST', '/devskyy/v1/proposals/bulk', ['action' => 'explode', 'items' => [['id' => self::ID]]])->get_status());
        self::assertSame(400, $this->call('POST', '/devskyy/v1/proposals/bulk', ['action' => 'reject', 'items' => array_fill(0, 26, ['id' => self::ID])])->get_status());
        self::assertSame([], $this->sent);
    }
}
