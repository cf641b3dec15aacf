<?php

declare(strict_types=1);

namespace DevSkyy\Tests;

use DevSkyy\Database;
use DevSkyy\Events\Drain;
use DevSkyy\Events\Outbox;
use DevSkyy\People;
use DevSkyy\Sidecar\Connection;
use WP_User;

/** Telling the sidecar what WordPress users may do, and the routes of the page Access. */
final class People_Test extends Shop_Test_Case
{
    private const TELL = 'POST /api/v1/access/people';
    private const DONE = ['ok' => true, 'users' => 0, 'sessions' => 0, 'keys' => 0, 'clients' => 0];

    private int $anna;

    protected function setUp(): void
    {
        parent::setUp();
        $this->anna = (int) wp_insert_user(['user_login' => 'anna-' . self::id(), 'user_pass' => 'x', 'role' => 'shop_manager']);
        $this->forget();
        $this->answers = [self::TELL => self::DONE, 'GET /api/v1/access/owners' => ['ok' => true, 'ids' => []]];
    }

    protected function tearDown(): void
    {
        get_userdata($this->anna) && wp_delete_user($this->anna);
        parent::tearDown();
    }

    /** Nothing waits, and nothing was noted in this request: as a new request finds it. */
    private function forget(): void
    {
        global $wpdb;
        $wpdb->query('DELETE FROM ' . Database::outbox());
        (new \ReflectionProperty(People::class, 'noted'))->setValue(null, []);
    }

    /** @return list<int> */
    private static function waiting(): array
    {
        global $wpdb;
        return array_map('intval', $wpdb->get_col('SELECT resource_id FROM ' . Database::outbox() . " WHERE state = 'people' ORDER BY seq"));
    }

    /** What was told: `[id => [role, deleted]]` of every request. */
    private function told(): array
    {
        $calls = array_filter($this->sent, static fn (array $call): bool => $call['path'] === '/api/v1/access/people');
        return array_values(array_map(static fn (array $call): array => array_column(array_map(static fn (\stdClass $one): array => [$one->id, [$one->role, $one->deleted ?? false]], $call['body']->people), 1, 0), $calls));
    }

    public function test_roles_are_what_capabilities_map_to(): void
    {
        $roles = [];
        foreach (['administrator', 'shop_manager', 'editor', 'customer', 'subscriber'] as $name) {
            $roles[$name] = People::role(new WP_User($this->user($name)));
        }
        self::assertSame(['administrator' => 'owner', 'shop_manager' => 'manager', 'editor' => 'read-only', 'customer' => 'read-only', 'subscriber' => 'read-only'], $roles);
        $anna = new WP_User($this->anna);
        $anna->set_role('');
        self::assertNull(People::role($anna));
        foreach (['read' => 'read-only', 'edit_shop_orders' => 'support', 'view_woocommerce_reports' => 'analyst'] as $capability => $role) {
            $anna->add_cap($capability);
            self::assertSame($role, People::role(new WP_User($this->anna)));
        }
        self::assertNull(People::role(new WP_User(0)));
    }

    public static function changes(): array
    {
        return [
            'another role' => [static fn (WP_User $user) => $user->set_role('editor'), 'read-only'],
            'no role' => [static fn (WP_User $user) => $user->set_role(''), null],
            'one role more' => [static fn (WP_User $user) => $user->add_role('administrator'), 'owner'],
            'a role less' => [static fn (WP_User $user) => $user->remove_role('shop_manager'), null],
            'a capability denied' => [static fn (WP_User $user) => $user->add_cap('manage_woocommerce', false), 'analyst'],
            'all capabilities gone' => [static fn (WP_User $user) => $user->remove_all_caps(), null],
            'the profile page' => [static fn (WP_User $user) => wp_update_user(['ID' => $user->ID, 'role' => 'subscriber']), 'read-only'],
        ];
    }

    /** @dataProvider changes */
    public function test_every_way_to_other_rights_is_told(callable $change, ?string $role): void
    {
        $change(new WP_User($this->anna));
        self::assertSame([$this->anna], self::waiting());
        self::assertTrue(Drain::run());
        self::assertSame([[$this->anna => [$role, false]]], $this->told());
        self::assertSame([], self::waiting());
    }

    public function test_a_deleted_user_is_told_as_deleted(): void
    {
        wp_delete_user($this->anna);
        Drain::run();
        self::assertSame([[$this->anna => [null, true]]], $this->told());
    }

    public function test_what_is_told_is_what_holds_by_then(): void
    {
        (new WP_User($this->anna))->set_role('editor');
        (new WP_User($this->anna))->set_role('administrator');
        self::assertSame([$this->anna], self::waiting(), 'one note a request');
        Drain::run();
        self::assertSame([[$this->anna => ['owner', false]]], $this->told());
    }

    public function test_a_change_while_it_is_told_is_told_again(): void
    {
        (new WP_User($this->anna))->set_role('editor');
        $this->answers[self::TELL] = function (): array {
            $this->answers[self::TELL] = self::DONE;
            // Another request, in the middle of ours.
            (new \ReflectionProperty(People::class, 'noted'))->setValue(null, []);
            (new WP_User($this->anna))->set_role('');
            return self::DONE;
        };
        Drain::run();
        self::assertSame([[$this->anna => ['read-only', false]], [$this->anna => [null, false]]], $this->told());
        self::assertSame([], self::waiting());
    }

    public function test_a_sidecar_that_is_away_hears_it_later(): void
    {
        $this->answers = [];
        (new WP_User($this->anna))->set_role('editor');
        self::assertSame('sidecar_unreachable', Drain::run()->get_error_code());
        self::assertSame([$this->anna], self::waiting());
        self::assertGreaterThan(time(), (int) get_option('devskyy_next_drain'));
        $this->answers = [self::TELL => self::DONE];
        Drain::reset();
        self::assertTrue(Drain::due());
        Drain::run();
        self::assertSame([], self::waiting());
        self::assertSame(0, (int) get_option('devskyy_next_drain'));
    }

    public function test_rights_go_before_news_and_are_no_events(): void
    {
        $this->answers['POST /api/v1/events'] = static fn (array $call): array => ['ok' => true, 'acknowledged' => end($call['body']->events)->seq, 'rejected' => []];
        Outbox::note('product.saved', 'products', 12);
        (new WP_User($this->anna))->set_role('editor');
        self::assertSame(1, Outbox::count_waiting());
        Drain::run();
        self::assertSame(['/api/v1/access/people', '/api/v1/events'], array_column($this->sent, 'path'));
        self::assertSame([12], array_column($this->sent[1]['body']->events, 'resource_id'));
    }

    public function test_a_sidecar_that_sees_no_sense_in_it_holds_nothing_up(): void
    {
        $this->answers = [self::TELL => self::refusal(404, 'not_found'), 'POST /api/v1/events' => static fn (array $call): array => ['ok' => true, 'acknowledged' => end($call['body']->events)->seq, 'rejected' => []]];
        Outbox::note('product.saved', 'products', 12);
        (new WP_User($this->anna))->set_role('editor');
        self::assertTrue(Drain::run());
        self::assertSame([[], 0], [self::waiting(), Outbox::count_waiting()]);
    }

    public function test_an_error_of_that_route_does_not_stop_events(): void
    {
        $this->answers = [self::TELL => self::refusal(403, 'not_allowed'), 'POST /api/v1/events' => static fn (array $call): array => ['ok' => true, 'acknowledged' => end($call['body']->events)->seq, 'rejected' => []]];
        Outbox::note('product.saved', 'products', 12);
        (new WP_User($this->anna))->set_role('editor');
        self::assertSame('not_allowed', Drain::run()->get_error_code());
        self::assertSame([[$this->anna], 0], [self::waiting(), Outbox::count_waiting()]);
    }

    public function test_shoppers_who_register_are_no_news(): void
    {
        $id = (int) wp_insert_user(['user_login' => 'shopper-' . self::id(), 'user_pass' => 'x', 'role' => 'customer']);
        self::assertSame([], self::waiting());
        (new WP_User($id))->set_role('shop_manager');
        self::assertSame([$id], self::waiting());
        wp_delete_user($id);
    }

    public function test_other_meta_and_profiles_are_no_news(): void
    {
        update_user_meta($this->anna, 'nickname', 'Anna ' . self::id());
        wp_update_user(['ID' => $this->anna, 'display_name' => 'Anna B.', 'user_email' => self::id() . '@example.test']);
        self::assertSame([], self::waiting());
        $before = get_userdata($this->anna)->data;
        $before->user_login = 'former-name';
        do_action('profile_update', $this->anna, $before, []);
        self::assertSame([$this->anna], self::waiting());
    }

    public function test_another_meaning_of_a_role_asks_after_all_who_own_something(): void
    {
        $this->answers['GET /api/v1/access/owners'] = ['ok' => true, 'ids' => [$this->anna, 987654]];
        $role = get_role('shop_manager');
        $role->add_cap('devskyy_phpunit');
        try {
            self::assertSame([0], self::waiting());
            Drain::run();
            self::assertSame([[$this->anna => ['manager', false], 987654 => [null, true]]], $this->told());
        } finally {
            $role->remove_cap('devskyy_phpunit');
        }
    }

    public function test_all_are_told_once_a_day(): void
    {
        delete_transient('devskyy_people_told');
        People::daily();
        self::assertSame([0], self::waiting());
        $this->forget();
        People::daily();
        self::assertSame([], self::waiting());
    }

    public function test_many_are_told_in_several_requests(): void
    {
        $this->answers['GET /api/v1/access/owners'] = ['ok' => true, 'ids' => range(900001, 901200)];
        People::everybody();
        Drain::run();
        self::assertSame([500, 500, 200], array_map('count', $this->told()));
    }

    public function test_unpaired_or_copied_shops_tell_nothing(): void
    {
        Connection::update(['home' => 'http://original.test']);
        (new WP_User($this->anna))->set_role('editor');
        Drain::run();
        self::assertSame([], $this->sent);
        $this->forget();
        Connection::forget();
        (new WP_User($this->anna))->set_role('shop_manager');
        self::assertSame([], self::waiting());
    }

    public static function access(): array
    {
        $id = str_repeat('ab', 16);
        return [
            ['GET', 'roles'], ['GET', 'keys'], ['GET', 'users'], ['GET', 'sessions'], ['GET', 'clients'], ['GET', 'people'],
            ['POST', 'keys', ['name' => 'x', 'scopes' => ['runs:read']]], ['POST', 'clients', ['name' => 'x', 'scopes' => ['runs:read']]], ['POST', 'users', ['wp_user_id' => 1, 'role' => 'analyst']],
            ['PATCH', "users/$id", ['active' => false]],
            ['DELETE', "keys/$id"], ['DELETE', "users/$id"], ['DELETE', "sessions/$id"], ['DELETE', "clients/$id"],
        ];
    }

    /** @dataProvider access */
    public function test_access_takes_a_manager_in_front_of_wp_admin(string $method, string $path, ?array $body = null): void
    {
        $this->answers = ["$method /api/v1/access/" => ['ok' => true, 'items' => []]];
        foreach (['editor' => 403, 'customer' => 403, '' => 401] as $role => $status) {
            wp_set_current_user($role === '' ? 0 : $this->user($role));
            $role === '' || $this->with_cookie();
            self::assertSame([$status, 'not_allowed'], $this->refused($method, $path, $body));
        }
        unset($_COOKIE[LOGGED_IN_COOKIE]);
        wp_set_current_user($this->user('shop_manager'));
        self::assertSame([403, 'session_required'], $this->refused($method, $path, $body));
        self::assertSame([], $this->sent);
        $this->with_cookie();
        self::assertContains($this->call($method, "/devskyy/v1/access/$path", $body)->get_status(), [200, 201]);
        unset($_COOKIE[LOGGED_IN_COOKIE]);
    }

    private function refused(string $method, string $path, ?array $body): array
    {
        $answer = $this->call($method, "/devskyy/v1/access/$path", $body);
        return [$answer->get_status(), $answer->get_data()['code']];
    }

    public function test_a_login_is_for_whom_wordpress_says(): void
    {
        wp_set_current_user($this->user('administrator'));
        $this->with_cookie();
        $this->answers = ['POST /api/v1/access/users' => [201, ['ok' => true, 'user' => (object) [], 'password' => 'once-only-secret']]];
        $answer = $this->call('POST', '/devskyy/v1/access/users', ['wp_user_id' => $this->anna, 'role' => 'analyst', 'person' => ['id' => $this->anna, 'role' => 'owner'], 'login' => 'somebody-else']);
        self::assertSame([201, 'once-only-secret'], [$answer->get_status(), $answer->get_data()->password]);
        $body = $this->sent[0]['body'];
        self::assertSame(['login', 'person', 'role'], array_keys((array) $body));
        self::assertSame([mb_strtolower(get_userdata($this->anna)->user_login), $this->anna, 'manager', 'analyst'], [$body->login, $body->person->id, $body->person->role, $body->role]);
        self::assertSame(422, $this->call('POST', '/devskyy/v1/access/users', ['wp_user_id' => 987654, 'role' => 'analyst'])->get_status());
        unset($_COOKIE[LOGGED_IN_COOKIE]);
    }

    public function test_a_change_tells_what_the_person_may_have(): void
    {
        wp_set_current_user($this->user('administrator'));
        $this->with_cookie();
        $id = self::id();
        $this->answers = ["PATCH /api/v1/access/users/$id" => ['ok' => true, 'user' => (object) []]];
        $this->call('PATCH', "/devskyy/v1/access/users/$id", ['role' => 'manager', 'wp_user_id' => $this->anna, 'person' => ['id' => 1, 'role' => 'owner'], 'password' => 'chosen elsewhere']);
        self::assertEquals((object) ['role' => 'manager', 'person' => (object) ['id' => $this->anna, 'role' => 'manager']], $this->sent[0]['body']);
        unset($_COOKIE[LOGGED_IN_COOKIE]);
    }

    public function test_secrets_are_kept_nowhere(): void
    {
        global $wpdb;
        wp_set_current_user($this->user('administrator'));
        $this->with_cookie();
        $secret = 'dsk_' . self::id();
        $this->answers = ['POST /api/v1/access/keys' => [201, ['ok' => true, 'key' => (object) ['id' => 'x'], 'text' => $secret]]];
        $answer = $this->call('POST', '/devskyy/v1/access/keys', ['name' => 'x', 'scopes' => ['runs:read']]);
        self::assertSame($secret, $answer->get_data()->text);
        self::assertSame('no-store', $answer->get_headers()['Cache-Control']);
        foreach ($wpdb->get_col('SHOW TABLES') as $table) {
            $columns = array_filter($wpdb->get_results("SHOW COLUMNS FROM `$table`"), static fn (\stdClass $column): bool => (bool) preg_match('/char|text|blob/', $column->Type));
            foreach ($columns as $column) {
                self::assertSame('0', $wpdb->get_var($wpdb->prepare('SELECT COUNT(*) FROM %i WHERE %i LIKE %s', $table, $column->Field, '%' . $secret . '%')), "$table.{$column->Field}");
            }
        }
        unset($_COOKIE[LOGGED_IN_COOKIE]);
    }

    public function test_the_kept_roles_are_not_somebody_elses(): void
    {
        $this->answers = ['GET /api/v1/access/roles' => ['ok' => true, 'mine' => 'owner', 'roles' => [], 'scopes' => []]];
        $this->with_cookie();
        self::assertSame('owner', $this->call('GET', '/devskyy/v1/access/roles')->get_data()->mine);
        $this->answers = [];
        wp_set_current_user($this->user('shop_manager'));
        $this->with_cookie();
        $answer = $this->call('GET', '/devskyy/v1/access/roles')->get_data();
        self::assertSame(['manager', true], [$answer->mine, isset($answer->stale)]);
        unset($_COOKIE[LOGGED_IN_COOKIE]);
    }

    public function test_people_who_may_be_given_a_login(): void
    {
        wp_set_current_user($this->user('administrator'));
        $this->with_cookie();
        $items = $this->call('GET', '/devskyy/v1/access/people')->get_data()['items'];
        $roles = array_column($items, 'role', 'id');
        self::assertSame(['owner', 'manager'], [$roles[get_current_user_id()], $roles[$this->anna]]);
        self::assertArrayNotHasKey($this->user('customer'), $roles);
        self::assertSame(['id', 'login', 'name', 'role', 'you'], array_keys($items[0]));
        unset($_COOKIE[LOGGED_IN_COOKIE]);
    }
}
