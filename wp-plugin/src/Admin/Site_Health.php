<?php

declare(strict_types=1);

namespace DevSkyy\Admin;

use DevSkyy\Changes\Ledger;
use DevSkyy\Checks;
use DevSkyy\Database;
use DevSkyy\Events\Drain;
use DevSkyy\Events\Outbox;
use DevSkyy\Shop;
use DevSkyy\Sidecar\Client;
use DevSkyy\Sidecar\Connection;
use DevSkyy\Sidecar\Error_Hints;

/** Tools, Site Health: the checks of this side at once, the sidecar's answer in the background. */
final class Site_Health
{
    private const COLOURS = ['good' => 'good', 'warning' => 'recommended', 'critical' => 'critical'];

    public static function register(): void
    {
        add_filter('site_status_tests', [self::class, 'tests']);
        add_filter('debug_information', [self::class, 'information']);
        foreach (['sidecar', 'outbox'] as $test) {
            add_action('wp_ajax_health-check-devskyy-' . $test, static fn () => self::answer($test));
        }
    }

    public static function tests(array $tests): array
    {
        $tests['direct']['devskyy_connection'] = ['label' => __('DevSkyy connection', 'devskyy'), 'test' => static fn (): array => self::result(Checks::connection())];
        $tests['direct']['devskyy_wc_key'] = ['label' => __('DevSkyy read-only key', 'devskyy'), 'test' => static fn (): array => self::result(Connection::paired() ? Checks::wc_key() : Checks::connection(), 'wc_key')];
        $tests['direct']['devskyy_order_tables'] = ['label' => __('DevSkyy and order storage', 'devskyy'), 'test' => static fn (): array => self::result(Checks::order_tables())];
        $tests['direct']['devskyy_permalinks'] = ['label' => __('DevSkyy and permalinks', 'devskyy'), 'test' => static fn (): array => self::result(Checks::permalinks())];
        if (Connection::paired()) {
            $tests['async']['devskyy_sidecar'] = ['label' => __('DevSkyy sidecar', 'devskyy'), 'test' => 'devskyy-sidecar', 'async_direct_test' => static fn (): array => self::sidecar()];
            $tests['async']['devskyy_outbox'] = ['label' => __('DevSkyy events', 'devskyy'), 'test' => 'devskyy-outbox', 'async_direct_test' => static fn (): array => self::result(Checks::outbox())];
        }
        return $tests;
    }

    /** Facts for a support thread; no key, secret or address of a person. */
    public static function information(array $information): array
    {
        $connection = Connection::get();
        $drain = Drain::state();
        $fields = [
            'version' => [__('Plugin', 'devskyy'), DEVSKYY_VERSION],
            'paired' => [__('Connected', 'devskyy'), Connection::paired() ? __('yes', 'devskyy') : __('no', 'devskyy')],
            'sidecar' => [__('Sidecar', 'devskyy'), $connection['sidecar_version'] ?? ''],
            'url' => [__('Address of the sidecar', 'devskyy'), Connection::url()],
            'shop' => [__('Shop', 'devskyy'), Connection::shop_id()],
            'site_changed' => [__('Address changed since', 'devskyy'), Connection::halted() ? __('yes', 'devskyy') : __('no', 'devskyy')],
            'hpos' => [__('Order tables (HPOS)', 'devskyy'), Shop::hpos() ? __('on', 'devskyy') : __('off', 'devskyy')],
            'waiting' => [__('Events waiting', 'devskyy'), (string) Outbox::count_waiting()],
            'parked' => [__('Events refused', 'devskyy'), (string) count(Outbox::parked())],
            'sent' => [__('Last sent', 'devskyy'), (string) $drain['last_sent_at']],
            'error' => [__('Last error', 'devskyy'), (string) ($drain['last_error']['code'] ?? '')],
            'unreported' => [__('Outcomes to report', 'devskyy'), (string) count(Ledger::unreported())],
            'schema' => [__('Tables', 'devskyy'), (string) Database::VERSION],
        ];
        $information['devskyy'] = ['label' => 'DevSkyy', 'fields' => array_map(static fn (array $field): array => ['label' => $field[0], 'value' => $field[1], 'private' => false], $fields)];
        $information['devskyy']['fields']['url']['private'] = true;
        return $information;
    }

    private static function answer(string $test): void
    {
        check_ajax_referer('health-check-site-status');
        if (!current_user_can('view_site_health_checks')) {
            wp_send_json_error();
        }
        wp_send_json_success($test === 'sidecar' ? self::sidecar() : self::result(Checks::outbox()));
    }

    private static function sidecar(): array
    {
        $label = __('The DevSkyy sidecar answers', 'devskyy');
        $answer = Client::request('GET', '/api/v1/status', [], null, ['force' => true]);
        if (is_wp_error($answer)) {
            $text = Error_Hints::block($answer);
            return self::result(['id' => 'sidecar', 'label' => __('The DevSkyy sidecar does not answer', 'devskyy'), 'status' => 'warning', 'message' => $text['message'], 'hint' => $text['hint']]);
        }
        return self::result(['id' => 'sidecar', 'label' => $label, 'status' => 'good', 'message' => __('Agents can work and events arrive.', 'devskyy'), 'hint' => '']);
    }

    /** A check as Site Health shows it. */
    private static function result(array $check, ?string $id = null): array
    {
        $colour = ['good' => 'blue', 'warning' => 'orange', 'critical' => 'red'][$check['status']];
        return [
            'label' => str_contains($check['label'], 'DevSkyy') ? $check['label'] : 'DevSkyy: ' . $check['label'],
            'status' => self::COLOURS[$check['status']],
            'badge' => ['label' => 'DevSkyy', 'color' => $colour],
            'description' => '<p>' . esc_html(trim($check['message'] . ' ' . $check['hint'])) . '</p>',
            'actions' => sprintf('<p><a href="%s">%s</a></p>', esc_url(Menu::urls()['status']), esc_html__('Open DevSkyy, Status', 'devskyy')),
            'test' => 'devskyy_' . ($id ?? $check['id']),
        ];
    }
}
