<?php

declare(strict_types=1);

namespace DevSkyy;

use DevSkyy\Events\Drain;
use DevSkyy\Sidecar\Agents;
use DevSkyy\Sidecar\Connection;
use DevSkyy\Sidecar\Pairing;

/** Every five minutes by Action Scheduler: settle what a crash left, send what waits, refresh the agent list. */
final class Tick
{
    public const HOOK = 'devskyy_tick';
    private const EVERY = 300;

    public static function register(): void
    {
        add_action(self::HOOK, [self::class, 'run']);
        // In wp-admin only: the shop front never pays for looking after the schedule.
        add_action('admin_init', [self::class, 'schedule']);
    }

    public static function schedule(): void
    {
        if (get_transient('devskyy_tick_checked') || !did_action('action_scheduler_init')) {
            return;
        }
        set_transient('devskyy_tick_checked', 1, HOUR_IN_SECONDS);
        if (!as_has_scheduled_action(self::HOOK, null, Drain::GROUP)) {
            as_schedule_recurring_action(time() + self::EVERY, self::EVERY, self::HOOK, [], Drain::GROUP, true);
        }
    }

    public static function run(): void
    {
        Pairing::by_configuration();
        if (!Connection::usable()) {
            return;
        }
        Drain::run();
        Purchase_Mail::settle();
        Agents::refresh();
    }
}
