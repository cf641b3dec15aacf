<?php

declare(strict_types=1);

namespace DevSkyy\Tests;

use DevSkyy\Admin\Site_Health;
use DevSkyy\Checks;
use DevSkyy\Database;
use DevSkyy\Sidecar\Agents;
use DevSkyy\Sidecar\Connection;
use DevSkyy\Sidecar\Error_Hints;

/** The plugin as WordPress sees it. */
final class Plugin_Test extends Shop_Test_Case
{
    private const AGENT = ['name' => 'phpunit-markdown', 'title' => 'Markdowns', 'family' => 'phpunit', 'summary' => 'Proposes price cuts.', 'readonly' => false, 'input_schema' => ['type' => 'object', 'properties' => ['days' => ['type' => 'integer', 'minimum' => 7]], 'additionalProperties' => false], 'output_schema' => ['type' => 'object']];

    public function test_every_agent_is_an_ability_and_deciding_is_none(): void
    {
        Agents::remember((object) ['ok' => true, 'items' => [(object) self::AGENT]]);
        $this->doing('wp_abilities_api_categories_init', [\DevSkyy\Abilities::class, 'categories']);
        $this->doing('wp_abilities_api_init', [\DevSkyy\Abilities::class, 'abilities']);
        $ability = wp_get_ability('devskyy/phpunit-markdown');
        self::assertSame(['devskyy-phpunit', 'Markdowns'], [$ability->get_category(), $ability->get_label()]);
        foreach (wp_get_abilities() as $name => $other) {
            self::assertDoesNotMatchRegularExpression('#^devskyy/.*(approve|reject|undo|snooze|apply)#', $other->get_name());
        }
        $this->answers = ['POST /api/v1/agents/phpunit-markdown/runs' => [202, ['ok' => true, 'run' => ['id' => 'r1', 'state' => 'running']]], 'GET /api/v1/runs/r1' => ['ok' => true, 'run' => ['id' => 'r1', 'state' => 'done', 'output' => ['considered' => 3]]]];
        self::assertSame(['run_id' => 'r1', 'state' => 'done', 'output' => ['considered' => 3]], $ability->execute(['days' => 30]));
        self::assertSame(30, $this->sent[0]['body']->input->days);
        self::assertTrue(is_wp_error($ability->execute(['days' => 1])), 'the schema is checked');
        wp_set_current_user($this->user('editor'));
        self::assertTrue(is_wp_error($ability->execute()), 'an editor may not');
        wp_unregister_ability('devskyy/phpunit-markdown');
        wp_unregister_ability_category('devskyy-phpunit');
    }

    /** Registering is allowed only while its hook runs, which it did long ago in this process. */
    private function doing(string $hook, callable $callback): void
    {
        remove_all_actions($hook);
        add_action($hook, $callback);
        $before = did_action($hook);
        $registry = $hook === 'wp_abilities_api_init' ? \WP_Abilities_Registry::get_instance() : \WP_Ability_Categories_Registry::get_instance();
        if (did_action($hook) === $before) {
            do_action($hook, $registry);
        }
    }

    public function test_every_code_has_a_message_and_a_hint(): void
    {
        $codes = [];
        foreach (new \RecursiveIteratorIterator(new \RecursiveDirectoryIterator(DEVSKYY_DIR . '/src')) as $file) {
            if ($file->getExtension() === 'php') {
                preg_match_all("/Error_Hints::error\\('([a-z_]+)'/", (string) file_get_contents($file->getPathname()), $found);
                array_push($codes, ...$found[1]);
            }
        }
        self::assertGreaterThan(25, count(array_unique($codes)));
        $fallback = Error_Hints::error('surely_unknown', 500)->get_error_data()['hint'];
        foreach (array_unique($codes) as $code) {
            $error = Error_Hints::error($code, 400);
            self::assertNotSame($code, $error->get_error_message(), $code);
            self::assertNotSame($fallback, $error->get_error_data()['hint'], $code);
        }
    }

    public function test_errors_of_the_sidecar_are_said_in_the_shop_s_language(): void
    {
        $error = static fn (string $code): \WP_Error => Error_Hints::from_sidecar($code, 409, 'As the sidecar says it.', [], 'Do that.');
        self::assertSame('As the sidecar says it.', $error('agent_off')->get_error_message());
        self::assertSame('Do that.', $error('conflict')->get_error_data()['hint']);
        $german = static fn (): string => 'de_DE';
        $words = static fn (string $text, string $known): string => str_starts_with($known, 'This agent is switched off') ? 'Dieser Agent ist aus.' : $text;
        add_filter('determine_locale', $german);
        add_filter('gettext_devskyy', $words, 10, 2);
        self::assertSame('Dieser Agent ist aus.', $error('agent_off')->get_error_message());
        self::assertSame('This cannot be done as things stand.', $error('conflict')->get_error_message());
        self::assertNotSame('Do that.', $error('conflict')->get_error_data()['hint']);
        self::assertSame('As the sidecar says it.', $error('surely_unknown')->get_error_message());
        remove_filter('determine_locale', $german);
        remove_filter('gettext_devskyy', $words);
    }

    public function test_checks_say_what_is_wrong(): void
    {
        $status = static fn (): array => array_column(Checks::all(), 'status', 'id');
        self::assertSame(['good', 'warning'], [$status()['connection'], $status()['wc_key']], 'the key of this pairing does not exist');
        Connection::update(['home' => 'http://original.test']);
        self::assertSame('critical', $status()['connection']);
        Connection::forget();
        self::assertSame('critical', $status()['connection']);
        foreach (Checks::all() as $check) {
            self::assertTrue($check['status'] === 'good' || $check['hint'] !== '', $check['id']);
        }
    }

    public function test_site_health_keeps_secrets(): void
    {
        $tests = Site_Health::tests(['direct' => [], 'async' => []]);
        $result = $tests['direct']['devskyy_connection']['test']();
        self::assertSame(['label', 'status', 'badge', 'description', 'actions', 'test'], array_keys($result));
        self::assertContains($result['status'], ['good', 'recommended', 'critical']);
        self::assertArrayHasKey('devskyy_sidecar', $tests['async']);
        $shown = (string) wp_json_encode(Site_Health::information([]));
        self::assertStringNotContainsString(self::SECRET, $shown);
        self::assertStringNotContainsString('v1.', $shown);
        self::assertStringContainsString(DEVSKYY_VERSION, $shown);
    }

    public function test_a_page_opens_without_asking_the_sidecar(): void
    {
        foreach (array_keys(\DevSkyy\Admin\Menu::PAGES) as $page) {
            \DevSkyy\Admin\Page::load($page);
            ob_start();
            \DevSkyy\Admin\Page::show($page);
            self::assertStringContainsString('id="devskyy-root"', (string) ob_get_clean());
        }
        self::assertSame([], $this->sent);
    }

    public function test_the_header_and_the_readme_agree(): void
    {
        $plugin = get_file_data(DEVSKYY_FILE, ['version' => 'Version', 'wp' => 'Requires at least', 'php' => 'Requires PHP', 'wc' => 'WC requires at least', 'domain' => 'Text Domain', 'needs' => 'Requires Plugins']);
        $readme = (string) file_get_contents(DEVSKYY_DIR . '/readme.txt');
        self::assertSame([DEVSKYY_VERSION, \DevSkyy\Requirements::WORDPRESS, \DevSkyy\Requirements::PHP, \DevSkyy\Requirements::WOOCOMMERCE, 'devskyy', 'woocommerce'], array_values($plugin));
        self::assertStringContainsString('Stable tag: ' . DEVSKYY_VERSION, $readme);
        self::assertStringContainsString('Requires at least: ' . \DevSkyy\Requirements::WORDPRESS, $readme);
        self::assertMatchesRegularExpression('/\n\n(.{20,150})\n\n== Description/', $readme, 'a short description of at most 150 characters');
    }

    public function test_deleting_the_plugin_removes_what_it_made_and_keeps_the_record(): void
    {
        global $wpdb;
        $site = Connection::site_id();
        defined('WP_UNINSTALL_PLUGIN') || define('WP_UNINSTALL_PLUGIN', 'devskyy/devskyy.php');
        $tables = static fn (): array => $wpdb->get_col("SHOW TABLES LIKE '%devskyy%'");
        try {
            require DEVSKYY_DIR . '/uninstall.php';
            self::assertSame([Database::ledger()], $tables());
            self::assertSame([$site, false, false], [get_option('devskyy_site_id'), get_option('devskyy_connection'), get_option('devskyy_schema')]);
            update_option('devskyy_remove_data', 'yes');
            require DEVSKYY_DIR . '/uninstall.php';
            self::assertSame([], $tables());
            self::assertSame([], $wpdb->get_col("SELECT option_name FROM {$wpdb->options} WHERE option_name LIKE 'devskyy\\_%'"));
        } finally {
            Database::upgrade();
        }
        self::assertCount(3, $tables());
    }
}
