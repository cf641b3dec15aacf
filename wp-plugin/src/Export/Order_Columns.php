<?php

declare(strict_types=1);

namespace DevSkyy\Export;

/** The columns of orders and refunds, which two sources fill: tables (HPOS) and objects. */
final class Order_Columns
{
    public const ORDERS = ['id', 'status', 'currency', 'created_at', 'modified_at', 'paid_at', 'completed_at', 'customer_id', 'email_hash', 'country', 'postcode_area', 'total', 'total_tax', 'shipping_total', 'discount_total', 'prices_include_tax', 'payment_method', 'created_via', 'coupons', 'lines'];
    public const REFUNDS = ['id', 'order_id', 'created_at', 'modified_at', 'amount', 'lines'];
    /** Orders that nobody placed yet, or that are in the bin. */
    public const DRAFTS = ['wc-checkout-draft', 'checkout-draft', 'auto-draft', 'draft', 'new', 'trash'];

    public static function status(string $status): string
    {
        return str_starts_with($status, 'wc-') ? substr($status, 3) : $status;
    }

    public static function number(mixed $value): int|float
    {
        $value = (float) $value;
        return $value === floor($value) ? (int) $value : $value;
    }
}
