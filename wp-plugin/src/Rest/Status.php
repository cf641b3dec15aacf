<?php

declare(strict_types=1);

namespace DevSkyy\Rest;

use DevSkyy\Changes\Ledger;
use DevSkyy\Changes\Settler;
use DevSkyy\Checks;
use DevSkyy\Events\Drain;
use DevSkyy\Events\Outbox;
use DevSkyy\Sidecar\Client;
use DevSkyy\Sidecar\Connection;
use DevSkyy\Sidecar\Error_Hints;
use DevSkyy\Sidecar\Pairing;
use WP_Error;
use WP_REST_Request;

/** The Status page and its buttons, and the connection. */
final class Status
{
    public static function show(): array
    {
        Pairing::by_configuration();
        $sidecar = Client::get('/api/v1/status');
        $answer = ['ok' => true, 'sidecar' => is_wp_error($sidecar) ? null : $sidecar];
        if (is_wp_error($sidecar)) {
            $answer['error'] = Error_Hints::block($sidecar);
        } elseif (isset($sidecar->stale)) {
            $answer['stale'] = $sidecar->stale;
            $answer['error'] = $sidecar->stale['error'];
            unset($sidecar->stale);
        } elseif (($sidecar->version ?? '') !== (Connection::get()['sidecar_version'] ?? '')) {
            // The sidecar was updated since.
            Connection::update(['sidecar_version' => (string) ($sidecar->version ?? '')]);
        }
        return $answer + ['plugin' => self::plugin()];
    }

    public static function sync(WP_REST_Request $request): \stdClass|WP_Error
    {
        return Proxy::act('POST', '/api/v1/sync', ['full' => (bool) $request['full']]);
    }

    /** Sends what waits now, even if the sidecar was just away: a person says that it is back. */
    public static function drain(): array|WP_Error
    {
        $done = Drain::run(10.0, 5.0, true);
        return is_wp_error($done) ? $done : ['ok' => true, 'plugin' => self::plugin()];
    }

    public static function settle(): array
    {
        $settled = Settler::run();
        Drain::run(5.0);
        return ['ok' => true, 'settled' => $settled, 'plugin' => self::plugin()];
    }

    public static function retry_parked(WP_REST_Request $request): array|WP_Error
    {
        return Outbox::retry((int) $request['seq']) ? ['ok' => true, 'plugin' => self::plugin()] : self::no_event();
    }

    public static function drop_parked(WP_REST_Request $request): array|WP_Error
    {
        return Outbox::drop((int) $request['seq']) ? ['ok' => true, 'plugin' => self::plugin()] : self::no_event();
    }

    public static function retry_job(WP_REST_Request $request): \stdClass|WP_Error
    {
        return Proxy::act('POST', '/api/v1/jobs/' . $request['id'] . '/retry');
    }

    /** By code; with the key of wp-config.php when there is no code. */
    public static function pair(WP_REST_Request $request): array|WP_Error
    {
        $code = trim((string) $request['code']);
        $done = $code === '' ? Pairing::with_key((string) $request['url']) : Pairing::with_code((string) $request['url'], $code);
        return is_wp_error($done) ? $done : ['ok' => true, 'plugin' => self::plugin()];
    }

    public static function unpair(): array
    {
        $told = Pairing::unpair();
        return ['ok' => true] + (is_wp_error($told) ? ['error' => Error_Hints::block($told)] : []) + ['plugin' => self::plugin()];
    }

    public static function site(WP_REST_Request $request): array|WP_Error
    {
        $done = Pairing::site($request['decision']);
        return is_wp_error($done) ? $done : ['ok' => true, 'plugin' => self::plugin()];
    }

    private static function plugin(): array
    {
        $drain = Drain::state();
        $outbox = ['waiting' => Outbox::count_waiting(), 'parked' => Outbox::parked(), 'last_sent_at' => $drain['last_sent_at']];
        return [
            'version' => DEVSKYY_VERSION,
            'paired' => Connection::paired(),
            'halted' => Connection::halted(),
            'sidecar_url' => Connection::url(),
            'outbox' => $outbox + ($drain['last_error'] === null ? [] : ['last_error' => $drain['last_error']]),
            'ledger' => ['unsettled' => count(Ledger::unsettled()), 'unreported' => count(Ledger::unreported())],
            'checks' => Checks::all(),
        ];
    }

    private static function no_event(): WP_Error
    {
        return Error_Hints::error('invalid', 404, __('There is no parked event of that number.', 'devskyy'), [], __('Reload the page; somebody else may have been quicker.', 'devskyy'));
    }
}
