<?php

/**
 * Removes what the plugin made. The record of applied changes stays unless the owner chose otherwise, since it is the only way to take them back.
 */

declare(strict_types=1);

defined('WP_UNINSTALL_PLUGIN') || exit;

(static function (): void {
    global $wpdb;
    $connection = get_option('devskyy_connection');
    if (is_array($connection) && !empty($connection['wc_key_id'])) {
        $wpdb->delete($wpdb->prefix . 'woocommerce_api_keys', ['key_id' => (int) $connection['wc_key_id']]);
    }
    $all = (defined('WC_REMOVE_ALL_DATA') && WC_REMOVE_ALL_DATA === true) || get_option('devskyy_remove_data') === 'yes';
    foreach (['devskyy_outbox', 'devskyy_answers', ...($all ? ['devskyy_ledger'] : [])] as $table) {
        $wpdb->query($wpdb->prepare('DROP TABLE IF EXISTS %i', $wpdb->prefix . $table));
    }
    $options = ['devskyy_connection', 'devskyy_sidecar_url', 'devskyy_pair_error', 'devskyy_agents', 'devskyy_next_drain', 'devskyy_drain_state', 'devskyy_unsettled', 'devskyy_schema', 'devskyy_remove_data'];
    // The site id belongs to the record: a sidecar knows the returning shop by it.
    array_map('delete_option', $all ? [...$options, 'devskyy_site_id'] : $options);
    $wpdb->query($wpdb->prepare('DELETE FROM %i WHERE option_name LIKE %s', $wpdb->options, $wpdb->esc_like('devskyy_mail_') . '%'));
    array_map('delete_transient', ['devskyy_down', 'devskyy_pair_tried', 'devskyy_tick_checked', 'devskyy_people_told']);
    $actions = $wpdb->prefix . 'actionscheduler_actions';
    if ($wpdb->get_var($wpdb->prepare('SHOW TABLES LIKE %s', $wpdb->esc_like($actions))) === $actions) {
        $wpdb->query($wpdb->prepare("DELETE FROM %i WHERE hook IN ('devskyy_drain', 'devskyy_tick')", $actions));
    }
})();
