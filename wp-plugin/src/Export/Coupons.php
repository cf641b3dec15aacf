<?php

declare(strict_types=1);

namespace DevSkyy\Export;

use DevSkyy\Time;

/** Coupons. */
final class Coupons implements Source
{
    public function columns(): array
    {
        return ['id', 'code', 'discount_type', 'amount', 'date_expires', 'usage_count', 'created_at', 'modified_at'];
    }

    public function rows(array $page): array
    {
        $ids = $this->ids($page);
        Posts::prime($ids, false);
        return array_map(static function (int $id): array {
            $coupon = new \WC_Coupon($id);
            return [
                $id,
                $coupon->get_code(),
                $coupon->get_discount_type(),
                Export::money($coupon->get_amount()),
                Time::from_object($coupon->get_date_expires()),
                $coupon->get_usage_count(),
                Time::from_object($coupon->get_date_created()),
                Time::from_object($coupon->get_date_modified()),
            ];
        }, $ids);
    }

    public function ids(array $page): array
    {
        return Posts::ids('shop_coupon', $page);
    }

    public function count(): int
    {
        return Posts::count('shop_coupon');
    }
}
