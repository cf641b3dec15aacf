<?php

declare(strict_types=1);

namespace DevSkyy\Events;

use DevSkyy\Changes\Outcomes;
use DevSkyy\Changes\Settler;
use DevSkyy\Database;
use DevSkyy\People;
use DevSkyy\Sidecar\Client;
use DevSkyy\Sidecar\Connection;
use DevSkyy\Sidecar\Error_Hints;
use DevSkyy\Time;
use WP_Error;

/**
 * Sends the outbox: one drain at a time, in order, with back-off.
 *
 * When it runs: by Action Scheduler soon after an event, by the five-minute tick, and at the end of a request when something waits.
 * The end of a request is used only where nobody waits for it: after fastcgi_finish_request, or in wp-admin, cron, the command line and our own REST
 * routes. A checkout under mod_php or the built-in server leaves its event to Action Scheduler: its connection stays open until PHP ends, so
 * even a short call would make a shopper wait.
 */
final class Drain
{
    public const GROUP = 'devskyy';
    public const HOOK = 'devskyy_drain';
    private const BATCH = 200;
    private const MAX_BACK_OFF = 300;
    /** Autoloaded on purpose: every request asks whether something is due, and must not pay a query for it. */
    private const NEXT = 'devskyy_next_drain';
    private const STATE = 'devskyy_drain_state';

    private static bool $ours = false;

    public static function register(): void
    {
        add_action(self::HOOK, [self::class, 'run']);
        add_action('shutdown', [self::class, 'at_shutdown'], 100);
        // Our REST routes are called by the sidecar and by our own pages: their end is a good moment.
        add_filter('rest_pre_dispatch', static function ($result, $server, $request) {
            self::$ours = self::$ours || str_starts_with($request->get_route(), '/devskyy/v1/');
            return $result;
        }, 10, 3);
    }

    /** Notes that something waits and asks Action Scheduler to come. */
    public static function soon(): void
    {
        global $wpdb;
        // Read afresh: another request may have emptied the outbox since this one began.
        $next = (int) $wpdb->get_var($wpdb->prepare("SELECT option_value FROM {$wpdb->options} WHERE option_name = %s", self::NEXT));
        if ($next === 0) {
            // The cached value may already be "now", which update_option would take for no change.
            wp_cache_delete('alloptions', 'options');
            update_option(self::NEXT, time(), true);
            self::schedule(time());
        }
    }

    public static function due(): bool
    {
        $next = (int) get_option(self::NEXT);
        return $next > 0 && $next <= time() && Connection::usable();
    }

    public static function at_shutdown(): void
    {
        if (Outbox::settle()) {
            self::soon();
        }
        if (!self::due() || Client::is_down()) {
            return;
        }
        if (function_exists('fastcgi_finish_request')) {
            fastcgi_finish_request();
            self::run(10.0);
        } elseif (function_exists('litespeed_finish_request')) {
            litespeed_finish_request();
            self::run(10.0);
        } elseif (self::$ours || is_admin() || wp_doing_cron() || PHP_SAPI === 'cli') {
            // A browser may still hold the connection: one short batch, the rest goes by Action Scheduler.
            self::run(1.0, 1.0);
        }
    }

    /**
     * Sends until nothing waits, time is over or the sidecar fails.
     *
     * @param float $seconds Time for the whole drain.
     * @param float $timeout Time for one call.
     */
    public static function run(float|string $seconds = 20.0, float $timeout = 5.0, bool $force = false): bool|WP_Error
    {
        $end = microtime(true) + (float) $seconds;
        if (!Connection::usable()) {
            return Error_Hints::error(Connection::paired() ? 'site_changed' : 'not_paired', 409);
        }
        if (!Database::lock('drain')) {
            return true;
        }
        try {
            Settler::run();
            // Lost rights first: they must not wait behind news of the shop.
            $told = People::send($end, ['timeout' => $timeout, 'force' => $force]);
            $result = is_wp_error($told) && Client::away($told) ? $told : self::send($end, $timeout, $force);
            if (!is_wp_error($result)) {
                $result = Outcomes::send($end);
            }
            $result = is_wp_error($result) ? $result : $told;
            self::finish($result);
            return $result;
        } finally {
            Database::unlock('drain');
        }
    }

    /** Lets the next request try at once: the sidecar was heard of. */
    public static function reset(): void
    {
        Client::is_down() && Client::seen_up();
        $next = (int) get_option(self::NEXT);
        if ($next > time()) {
            update_option(self::NEXT, time(), true);
        }
    }

    /** @return array{failures: int, last_sent_at: ?string, last_error: ?array} */
    public static function state(): array
    {
        $state = get_option(self::STATE);
        return (is_array($state) ? $state : []) + ['failures' => 0, 'last_sent_at' => null, 'last_error' => null];
    }

    private static function send(float $end, float $timeout, bool $force): bool|WP_Error
    {
        $size = self::BATCH;
        while (($rows = Outbox::waiting($size)) !== []) {
            $events = array_map([Outbox::class, 'event'], $rows);
            $answer = Client::request('POST', '/api/v1/events', [], ['events' => $events], ['timeout' => $timeout, 'force' => $force]);
            if (!is_wp_error($answer)) {
                if (!self::acknowledge($rows, $answer)) {
                    return Error_Hints::error('sidecar_error', 502, __('The sidecar took none of the events.', 'devskyy'));
                }
                $size = self::BATCH;
            } elseif (!self::poisoned($answer)) {
                return $answer;
            } elseif (count($rows) > 1) {
                // One event spoils the batch: halve until it stands alone.
                $size = intdiv(count($rows), 2);
            } else {
                Outbox::park((int) $rows[0]->seq, $answer->get_error_code() . ': ' . $answer->get_error_message());
                $size = self::BATCH;
            }
            if (microtime(true) >= $end) {
                break;
            }
        }
        return true;
    }

    /** Removes what the sidecar has and parks what it refused; what lies behind `acknowledged` stays. False when nothing moved. */
    private static function acknowledge(array $rows, \stdClass $answer): bool
    {
        $refused = [];
        foreach ((array) ($answer->rejected ?? []) as $event) {
            $refused[(int) ($event->seq ?? 0)] = ($event->code ?? 'invalid') . ': ' . ($event->message ?? '');
        }
        $acknowledged = (int) ($answer->acknowledged ?? 0);
        $sent = [];
        foreach ($rows as $row) {
            $seq = (int) $row->seq;
            if (isset($refused[$seq])) {
                Outbox::park($seq, $refused[$seq]);
            } elseif ($seq <= $acknowledged) {
                $sent[] = $seq;
            }
        }
        Outbox::remove($sent);
        self::save(['last_sent_at' => Time::now()] + self::state());
        return $sent !== [] || $refused !== [];
    }

    /** True when the sidecar understood who asks and refused the content. */
    private static function poisoned(WP_Error $error): bool
    {
        return in_array((int) ($error->get_error_data()['status'] ?? 0), [400, 413, 422], true);
    }

    private static function finish(bool|WP_Error $result): void
    {
        $state = self::state();
        if (is_wp_error($result)) {
            $failures = $state['failures'] + 1;
            $next = time() + min(self::MAX_BACK_OFF, 5 * 2 ** min($failures, 10));
            self::save(['failures' => $failures, 'last_error' => Error_Hints::block($result) + ['at' => Time::now()]] + $state);
            update_option(self::NEXT, $next, true);
            self::schedule($next);
            return;
        }
        if ($state['failures'] > 0 || $state['last_error'] !== null) {
            self::save(['failures' => 0, 'last_error' => null] + $state);
        }
        // First nothing waits, then look: an event noted in between finds 0 and asks for its own drain.
        update_option(self::NEXT, 0, true);
        if (Outbox::waiting(1) !== [] || Outcomes::waiting() || People::waiting()) {
            update_option(self::NEXT, time(), true);
            self::schedule(time());
        }
    }

    private static function schedule(int $at): void
    {
        if (!did_action('action_scheduler_init')) {
            return;
        }
        // Not Action Scheduler's own "unique": it counts the running action too, and that one asks for its successor here.
        $pending = as_get_scheduled_actions(['hook' => self::HOOK, 'group' => self::GROUP, 'status' => \ActionScheduler_Store::STATUS_PENDING, 'per_page' => 1], 'ids');
        if ($pending === []) {
            as_schedule_single_action($at, self::HOOK, [], self::GROUP);
        }
    }

    private static function save(array $state): void
    {
        update_option(self::STATE, $state, false);
    }
}
