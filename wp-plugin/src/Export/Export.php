<?php

declare(strict_types=1);

namespace DevSkyy\Export;

use DevSkyy\Shop;
use DevSkyy\Sidecar\Connection;

/** The signed bulk export: rows of one resource in ascending id (columns: docs/protocol.md, section 5). */
final class Export
{
    public const RESOURCES = ['products', 'variations', 'categories', 'orders', 'refunds', 'customers', 'coupons', 'reviews'];

    /**
     * One page.
     *
     * @param array{after: int, limit: int, ids: ?list<int>, modified_after: ?int} $page modified_after as a timestamp, inclusive.
     */
    public static function page(string $resource, array $page): array
    {
        $source = self::source($resource);
        $rows = $source->rows($page);
        $answer = ['ok' => true, 'resource' => $resource, 'columns' => $source->columns(), 'rows' => $rows];
        $answer['next'] = $page['ids'] === null ? self::next($source, $rows, $page) : null;
        return $answer + ($page['after'] === 0 && $page['ids'] === null ? ['total' => $source->count()] : []);
    }

    /** Where the next page begins; a page is full by its ids, of which unreadable rows are left out. */
    private static function next(Source $source, array $rows, array $page): ?int
    {
        $ids = count($rows) >= $page['limit'] ? [end($rows)[0]] : $source->ids($page);
        return $ids !== [] && $source->ids(['after' => end($ids), 'limit' => 1] + $page) !== [] ? end($ids) : null;
    }

    /** Ids only, for finding what was deleted. */
    public static function ids(string $resource, int $after, int $limit): array
    {
        $ids = self::source($resource)->ids(['after' => $after, 'limit' => $limit, 'ids' => null, 'modified_after' => null]);
        return ['ok' => true, 'ids' => $ids, 'next' => count($ids) >= $limit ? end($ids) : null];
    }

    /** @return array<string, int> Rows per resource. */
    public static function counts(): array
    {
        $counts = [];
        foreach (self::RESOURCES as $resource) {
            $counts[$resource] = self::source($resource)->count();
        }
        return $counts;
    }

    /** Money as the wire carries it: a string with the shop's decimals. */
    public static function money(mixed $value): ?string
    {
        static $decimals = null;
        $decimals ??= wc_get_price_decimals(); // asked for every line of every order
        return $value === null || $value === '' ? null : number_format((float) $value, $decimals, '.', '');
    }

    /** A stored number as a plain string, or null when there is none. */
    public static function text(mixed $value): ?string
    {
        return $value === null || $value === '' ? null : (string) $value;
    }

    public static function email_hash(?string $email): ?string
    {
        static $key = null;
        $key ??= (string) Connection::hash_key();
        $email = mb_strtolower(trim((string) $email));
        return $email === '' || $key === '' ? null : substr(hash_hmac('sha256', $email, $key), 0, 32);
    }

    public static function postcode_area(?string $postcode): ?string
    {
        $area = mb_substr(mb_strtoupper((string) preg_replace('/\s+/', '', (string) $postcode)), 0, 3);
        return $area === '' ? null : $area;
    }

    /** Readable text of stored HTML; the sidecar makes the same of wc/v3's (sidecar/store/rest_rows.py). */
    public static function plain(?string $html, int $limit): string
    {
        $text = html_entity_decode((string) preg_replace('/<[^>]*>/', ' ', (string) $html), ENT_QUOTES | ENT_HTML5, 'UTF-8');
        return mb_substr(trim((string) preg_replace('/\s+/u', ' ', $text)), 0, $limit);
    }

    private static function source(string $resource): Source
    {
        return match ($resource) {
            'products' => new Products(),
            'variations' => new Variations(),
            'categories' => new Categories(),
            'orders' => Shop::hpos() ? new Orders() : new Orders_Crud('shop_order'),
            'refunds' => Shop::hpos() ? new Refunds() : new Orders_Crud('shop_order_refund'),
            'customers' => new Customers(),
            'coupons' => new Coupons(),
            'reviews' => new Reviews(),
        };
    }
}
