<?php

declare(strict_types=1);

namespace DevSkyy\Rest;

use DevSkyy\Changes\Ledger;
use DevSkyy\Export\Export;
use DevSkyy\Shop;
use DevSkyy\Sidecar\Error_Hints;
use DevSkyy\Time;
use WP_Error;
use WP_REST_Request;

/** What the sidecar reads, signed. */
final class Signed
{
    private const CHANGING = ['products', 'variations', 'orders', 'refunds'];

    public static function shop(): array
    {
        return ['ok' => true] + Shop::describe() + ['counts' => Export::counts()];
    }

    public static function export(WP_REST_Request $request): array|WP_Error
    {
        $since = $request['modified_after'];
        if ($since !== null && !in_array($request['resource'], self::CHANGING, true)) {
            return Error_Hints::error('invalid', 400, '', ['fields' => ['modified_after' => __('This resource does not know when it changed.', 'devskyy')]]);
        }
        wp_raise_memory_limit('admin');
        return Export::page($request['resource'], [
            'after' => (int) $request['after'],
            'limit' => (int) $request['limit'],
            'ids' => $request['ids'] === null ? null : array_map('intval', explode(',', $request['ids'])),
            'modified_after' => $since === null ? null : (int) rest_parse_date($since),
        ]);
    }

    public static function ids(WP_REST_Request $request): array
    {
        return Export::ids($request['resource'], (int) $request['after'], (int) $request['limit']);
    }

    public static function ledger(WP_REST_Request $request): array
    {
        return ['ok' => true, 'rows' => array_map(static fn (\stdClass $row): array => [
            'change_id' => $row->change_id,
            'state' => $row->state,
            'at' => Time::from_sql($row->at),
            'message' => (string) $row->message,
        ], Ledger::rows($request['proposal']))];
    }
}
