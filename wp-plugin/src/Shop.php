<?php

declare(strict_types=1);

namespace DevSkyy;

use Automattic\WooCommerce\Utilities\FeaturesUtil;
use Automattic\WooCommerce\Utilities\OrderUtil;
use DevSkyy\Sidecar\Connection;

/** What the sidecar must know of the shop to read its figures right. */
final class Shop
{
    /** Site, versions and facts as pairing and `GET /devskyy/v1/shop` send them. */
    public static function describe(): array
    {
        return [
            'site_id' => Connection::site_id(),
            'home_url' => Connection::home(),
            'rest_url' => rest_url(),
            'name' => html_entity_decode(get_bloginfo('name'), ENT_QUOTES),
            'versions' => self::versions(),
            'facts' => self::facts(),
        ];
    }

    public static function versions(): array
    {
        return ['plugin' => DEVSKYY_VERSION, 'wordpress' => get_bloginfo('version'), 'woocommerce' => WC_VERSION, 'php' => PHP_VERSION];
    }

    public static function facts(): array
    {
        return [
            'currency' => get_woocommerce_currency(),
            'decimals' => wc_get_price_decimals(),
            'prices_include_tax' => wc_prices_include_tax(),
            'timezone' => wp_timezone_string(),
            'cogs' => FeaturesUtil::feature_is_enabled('cost_of_goods_sold'),
            'hpos' => self::hpos(),
            'locale' => get_locale(),
            'price_format' => html_entity_decode(get_woocommerce_price_format()),
            'currency_symbol' => html_entity_decode(get_woocommerce_currency_symbol()),
            'decimal_separator' => html_entity_decode(wc_get_price_decimal_separator()),
            'thousand_separator' => html_entity_decode(wc_get_price_thousand_separator()),
        ];
    }

    /** True when WooCommerce keeps orders in its own tables. */
    public static function hpos(): bool
    {
        return OrderUtil::custom_orders_table_usage_is_enabled();
    }
}
