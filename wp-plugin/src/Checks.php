<?php

declare(strict_types=1);

namespace DevSkyy;

use DevSkyy\Changes\Ledger;
use DevSkyy\Events\Drain;
use DevSkyy\Events\Outbox;
use DevSkyy\Sidecar\Connection;
use DevSkyy\Sidecar\Error_Hints;
use DevSkyy\Sidecar\Pairing;
use DevSkyy\Sidecar\Wc_Key;

/** Whether this side is well: for the Status page and for Site Health. None of it calls the sidecar. */
final class Checks
{
    private const MANY = 1000;

    /** @return list<array{id: string, label: string, status: string, message: string, hint: string, action?: array}> Status is good, warning or critical. */
    public static function all(): array
    {
        if (!Connection::paired()) {
            return [self::connection(), self::permalinks()];
        }
        return [self::connection(), self::permalinks(), self::wc_key(), self::order_tables(), self::outbox(), self::ledger(), self::schedule()];
    }

    public static function connection(): array
    {
        $label = __('Connection to the sidecar', 'devskyy');
        $code = match (true) {
            !Connection::paired() => 'not_paired',
            Connection::halted() => 'site_changed',
            Connection::secret() === null => 'secret_unreadable',
            version_compare((string) (Connection::get()['sidecar_version'] ?? ''), Pairing::MIN_SIDECAR, '<') => 'version_unsupported',
            default => null,
        };
        if ($code !== null) {
            $tried = get_option('devskyy_pair_error');
            $text = $code === 'not_paired' && is_array($tried) ? $tried : Error_Hints::block(Error_Hints::error($code, 409));
            return self::bad('connection', $label, 'critical', $text['message'], $text['hint'], ['id' => 're-pair', 'label' => __('Open the settings', 'devskyy')]);
        }
        /* translators: 1: version of the sidecar, 2: its address */
        return self::good('connection', $label, sprintf(__('Paired with sidecar %1$s at %2$s.', 'devskyy'), Connection::get()['sidecar_version'] ?? '?', Connection::url()));
    }

    public static function permalinks(): array
    {
        $label = __('Permalinks', 'devskyy');
        if ((string) get_option('permalink_structure') !== '') {
            return self::good('permalinks', $label, __('The REST API of WooCommerce is on.', 'devskyy'));
        }
        $text = Error_Hints::block(Error_Hints::error('permalinks_off', 409));
        return self::bad('permalinks', $label, 'critical', $text['message'], $text['hint']);
    }

    public static function wc_key(): array
    {
        $label = __('Read-only WooCommerce key', 'devskyy');
        if (Wc_Key::exists((int) (Connection::get()['wc_key_id'] ?? 0))) {
            return self::good('wc_key', $label, __('The sidecar may read WooCommerce and may not write.', 'devskyy'));
        }
        return self::bad('wc_key', $label, 'warning', __('The key that the sidecar reads with was revoked.', 'devskyy'), __('Pair again under WooCommerce, Settings, DevSkyy: a new key is made.', 'devskyy'), ['id' => 're-pair', 'label' => __('Open the settings', 'devskyy')]);
    }

    /** Either is fine; what differs is how long the first reading takes. */
    public static function order_tables(): array
    {
        $message = Shop::hpos() ? __('Orders are read from WooCommerce\'s own tables, which is quick.', 'devskyy') : __('Orders are kept as posts, so the first reading of a large shop takes longer.', 'devskyy');
        return self::good('order_tables', __('Order storage', 'devskyy'), $message);
    }

    public static function outbox(): array
    {
        $label = __('Events on their way', 'devskyy');
        $waiting = Outbox::count_waiting();
        $parked = count(Outbox::parked());
        $error = Drain::state()['last_error'];
        if ($parked > 0) {
            /* translators: %s: number of events */
            return self::bad('outbox', $label, 'warning', sprintf(_n('The sidecar refused %s event.', 'The sidecar refused %s events.', $parked, 'devskyy'), number_format_i18n($parked)), __('See the reason below; send it again after an update, or drop it.', 'devskyy'));
        }
        if ($error !== null && $waiting > 0) {
            /* translators: 1: number of events, 2: why they cannot be sent */
            return self::bad('outbox', $label, $waiting > self::MANY ? 'critical' : 'warning', sprintf(__('%1$s events wait. %2$s', 'devskyy'), number_format_i18n($waiting), $error['message']), $error['hint'], ['id' => 'drain', 'label' => __('Send now', 'devskyy')]);
        }
        /* translators: %s: number of events */
        return self::good('outbox', $label, sprintf(__('%s events wait to be sent.', 'devskyy'), number_format_i18n($waiting)));
    }

    public static function ledger(): array
    {
        $label = __('Applied changes', 'devskyy');
        $unsettled = count(Ledger::unsettled());
        if ($unsettled > 0) {
            return self::bad('ledger', $label, 'warning', __('A change was interrupted half-way.', 'devskyy'), __('It is settled by itself within minutes, or now by the button.', 'devskyy'), ['id' => 'settle', 'label' => __('Settle now', 'devskyy')]);
        }
        return self::good('ledger', $label, __('Every change is either written or put back.', 'devskyy'));
    }

    public static function schedule(): array
    {
        $label = __('Background work', 'devskyy');
        if (function_exists('as_has_scheduled_action') && as_has_scheduled_action(Tick::HOOK, null, Drain::GROUP)) {
            return self::good('schedule', $label, __('Action Scheduler looks after waiting events every five minutes.', 'devskyy'));
        }
        return self::bad('schedule', $label, 'warning', __('The five-minute task is not scheduled.', 'devskyy'), __('Opening any page of wp-admin schedules it. If it stays away, look at Tools, Scheduled Actions.', 'devskyy'));
    }

    private static function good(string $id, string $label, string $message): array
    {
        return ['id' => $id, 'label' => $label, 'status' => 'good', 'message' => $message, 'hint' => ''];
    }

    private static function bad(string $id, string $label, string $status, string $message, string $hint, ?array $action = null): array
    {
        return ['id' => $id, 'label' => $label, 'status' => $status, 'message' => $message, 'hint' => $hint] + ($action === null ? [] : ['action' => $action]);
    }
}
