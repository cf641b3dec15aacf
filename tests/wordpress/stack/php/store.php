<?php

/**
 * Sets the shop up: WooCommerce with its tables and pages, order storage, currency, payment, shipping, people.
 */

declare(strict_types=1);

use Automattic\WooCommerce\Internal\Features\FeaturesController;

require __DIR__ . '/load.php';

wp_set_current_user(1);
if (! function_exists('WC')) {
    throw new RuntimeException('WooCommerce did not load.');
}
// The first visit to wp-admin would do this later and change the switches below; done now, it cannot.
WC_Install::newly_installed();

$options = [
    'woocommerce_coming_soon'                     => 'no',
    'woocommerce_store_pages_only'                => 'no',
    'woocommerce_currency'                        => 'USD',
    'woocommerce_default_country'                 => 'US:NY',
    'woocommerce_store_address'                   => '1 Main Street',
    'woocommerce_store_city'                      => 'New York',
    'woocommerce_store_postcode'                  => '10001',
    'woocommerce_calc_taxes'                      => 'no',
    'woocommerce_enable_guest_checkout'           => 'yes',
    'woocommerce_onboarding_profile'              => ['skipped' => true],
    'woocommerce_task_list_hidden'                => 'yes',
    'woocommerce_task_list_hidden_lists'          => ['setup', 'extended'],
    'woocommerce_allow_tracking'                  => 'no',
    'woocommerce_show_marketplace_suggestions'    => 'no',
    'woocommerce_merchant_email_notifications'    => 'no',
    'woocommerce_feature_cost_of_goods_sold_enabled' => 'yes',
    'woocommerce_cod_settings'                    => [
        'enabled'            => 'yes',
        'title'              => 'Cash on delivery',
        'description'        => 'Pay with cash upon delivery.',
        'instructions'       => '',
        'enable_for_methods' => [],
        'enable_for_virtual' => 'yes',
    ],
    'elementor_onboarded'                         => true,
    'elementor_tracker_notice'                    => '1',
];
foreach ($options as $name => $value) {
    update_option($name, $value);
}
delete_transient('_wc_activation_redirect');
delete_transient('elementor_activation_redirect');

wc_get_container()->get(FeaturesController::class)->change_feature_enable('custom_order_tables', (bool) $input['hpos']);
update_option('woocommerce_custom_orders_table_data_sync_enabled', 'no');

WC_Install::create_pages();
$zone = new WC_Shipping_Zone(0);
if (! $zone->get_shipping_methods()) {
    $zone->add_shipping_method('free_shipping');
    $zone->add_shipping_method('flat_rate');
}

foreach (['shopmanager' => 'shop_manager', 'editor' => 'editor', 'customer' => 'customer'] as $login => $role) {
    if (! username_exists($login)) {
        wp_insert_user(
            [
                'user_login' => $login,
                'user_pass'  => $input['passwords'][$login],
                'user_email' => $login . '@shop.test',
                'role'       => $role,
            ]
        );
    }
}
flush_rewrite_rules();
