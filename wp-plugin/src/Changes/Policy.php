<?php

declare(strict_types=1);

namespace DevSkyy\Changes;

use DevSkyy\Sidecar\Error_Hints;
use WP_Error;

/** What may be written at all, whoever approved it: a sidecar that was broken into can propose, but only inside these bounds. */
final class Policy
{
    private const PATCH = '#^wc/v3/(products/\d+(/variations/\d+)?|products/(categories|tags)/\d+|coupons/\d+)$#';
    private const CREATE = '#^wc/v3/(coupons|products)$#';
    private const ACT = '#^sidecar/#';
    /** Stock moves by `stock_delta`; the others are identity. */
    private const NEVER = ['id', 'type', 'stock_quantity', 'permalink', 'meta_data', 'images'];

    /** The reason to refuse a change, or null. */
    public static function refuse(\stdClass $change): ?WP_Error
    {
        $resource = is_string($change->resource ?? null) ? $change->resource : '';
        $known = match ($change->kind ?? '') {
            'patch' => (bool) preg_match(self::PATCH, $resource),
            'create' => (bool) preg_match(self::CREATE, $resource) && ($change->body ?? null) instanceof \stdClass,
            'act' => (bool) preg_match(self::ACT, $resource),
            default => false,
        };
        if (!$known || !is_string($change->change_id ?? null) || strlen($change->change_id) > 80) {
            /* translators: %s: REST resource such as wc/v3/products/12 */
            return self::no(sprintf(__('"%s" is not something that a proposal may write.', 'devskyy'), $resource));
        }
        return $change->kind === 'patch' ? self::refuse_set($change->set ?? null, $resource) : null;
    }

    /** Refuses what only the present state shows: a price on a variable product. */
    public static function refuse_for(\stdClass $change, array $current): ?WP_Error
    {
        if ($change->kind !== 'patch') {
            return null;
        }
        foreach ($change->set as $item) {
            if (($current['type'] ?? '') === 'variable' && Target::is_price($item->path)) {
                return Error_Hints::error('variable_parent', 409);
            }
            if (!Target::has($current, $item->path)) {
                /* translators: %s: name of a field */
                return self::no(sprintf(__('There is no field "%s".', 'devskyy'), $item->path));
            }
        }
        return null;
    }

    private static function refuse_set(mixed $set, string $resource): ?WP_Error
    {
        if (!is_array($set) || $set === []) {
            return self::no(__('The change sets nothing.', 'devskyy'));
        }
        $product = (bool) preg_match('#^wc/v3/products/\d+(/variations/\d+)?$#', $resource);
        foreach ($set as $item) {
            $path = is_string($item->path ?? null) ? $item->path : '';
            $fits = preg_match('/^[a-z][a-z_]*$/', $path) && !in_array($path, self::NEVER, true) || preg_match('/^(meta_data\[[^\[\]]{1,255}\]|images\[\d+\]\.alt)$/', $path);
            if (!$fits || !property_exists($item, 'to') || ($path === 'stock_delta' && (!$product || !is_int($item->to)))) {
                /* translators: %s: name of a field */
                return self::no(sprintf(__('The field "%s" is never written by a proposal.', 'devskyy'), $path));
            }
        }
        return null;
    }

    private static function no(string $message): WP_Error
    {
        return Error_Hints::error('change_refused', 409, $message);
    }
}
