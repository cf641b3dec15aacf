<?php

declare(strict_types=1);

namespace DevSkyy\Admin;

use DevSkyy\Sidecar\Connection;
use DevSkyy\Sidecar\Error_Hints;
use DevSkyy\Sidecar\Pairing;
use WC_Admin_Settings;
use WP_Error;

/** WooCommerce, Settings, DevSkyy: the connection and what happens to data. */
final class Settings_Page extends \WC_Settings_Page
{
    public function __construct()
    {
        $this->id = 'devskyy';
        $this->label = __('DevSkyy', 'devskyy');
        parent::__construct();
    }

    /** WooCommerce calls this inside its own form, which carries the nonce. */
    public function output(): void
    {
        echo '<h2>' . esc_html__('Connection', 'devskyy') . '</h2>';
        if (!current_user_can('manage_options')) {
            echo '<p>' . esc_html__('Only an administrator connects and disconnects the shop.', 'devskyy') . '</p>';
            $this->show_state();
            $GLOBALS['hide_save_button'] = true;
            return;
        }
        if (Connection::halted()) {
            $this->show_moved();
        } elseif (Connection::paired()) {
            $this->show_state();
            $this->button('disconnect', __('Disconnect', 'devskyy'), __('The sidecar forgets its keys. Its own records stay there until you delete them.', 'devskyy'));
        } else {
            $this->show_form();
        }
        $this->show_data();
    }

    /** WooCommerce has checked its nonce and manage_woocommerce; connecting asks for more. */
    public function save(): void
    {
        // phpcs:disable WordPress.Security.NonceVerification -- WooCommerce checked "woocommerce-settings" before it calls this
        if (!current_user_can('manage_options')) {
            return;
        }
        update_option('devskyy_remove_data', isset($_POST['devskyy_remove_data']) ? 'yes' : 'no', false);
        $action = sanitize_key(wp_unslash($_POST['devskyy_action'] ?? ''));
        $done = match ($action) {
            'pair' => $this->pair(),
            'disconnect' => Pairing::unpair(),
            'moved', 'forget' => Pairing::site($action),
            default => null,
        };
        // phpcs:enable
        $this->tell($action, $done);
    }

    private function pair(): bool|WP_Error
    {
        // phpcs:disable WordPress.Security.NonceVerification -- see save()
        $url = esc_url_raw(trim((string) wp_unslash($_POST['devskyy_url'] ?? '')), ['http', 'https']);
        $code = sanitize_text_field(wp_unslash($_POST['devskyy_code'] ?? ''));
        // phpcs:enable
        // Kept even when pairing fails, so that a wrong code does not cost the address.
        update_option('devskyy_sidecar_url', $url, false);
        return $code === '' && $this->has_key() ? Pairing::with_key($url) : Pairing::with_code($url, $code);
    }

    private function tell(string $action, bool|WP_Error|null $done): void
    {
        if (is_wp_error($done)) {
            $text = Error_Hints::block($done);
            $prefix = $action === 'disconnect' ? __('Disconnected here, but the sidecar could not be told.', 'devskyy') . ' ' : '';
            WC_Admin_Settings::add_error($prefix . $text['message'] . ' ' . $text['hint']);
        } elseif ($done === true) {
            WC_Admin_Settings::add_message(match ($action) {
                'pair' => __('Connected. The sidecar reads the shop now; the first agents can run in a few minutes.', 'devskyy'),
                'disconnect' => __('Disconnected.', 'devskyy'),
                'moved' => __('The new address is noted on both sides.', 'devskyy'),
                default => __('This copy has forgotten the pairing.', 'devskyy'),
            });
        }
    }

    private function show_state(): void
    {
        $connection = Connection::get();
        if ($connection === []) {
            echo '<p>' . esc_html__('Not connected.', 'devskyy') . '</p>';
            return;
        }
        echo '<table class="form-table"><tbody>';
        $this->line(__('Sidecar', 'devskyy'), Connection::url());
        $this->line(__('Version', 'devskyy'), $connection['sidecar_version']);
        $this->line(__('Connected since', 'devskyy'), wp_date(get_option('date_format') . ' ' . get_option('time_format'), (int) strtotime($connection['paired_at'])));
        $this->line(__('Shop', 'devskyy'), $connection['shop_id']);
        echo '</tbody></table>';
        echo '<p><a href="' . esc_url(Menu::urls()['status']) . '">' . esc_html__('See how it is doing', 'devskyy') . '</a></p>';
    }

    private function show_form(): void
    {
        $fixed = defined('DEVSKYY_SIDECAR_URL');
        echo '<p>' . esc_html__('Run "devskyy pair" where the sidecar lives, then enter its address and the code it shows. Connecting sends the shop\'s name, address, versions and currency, and gives the sidecar a read-only WooCommerce key.', 'devskyy') . '</p>';
        echo '<table class="form-table"><tbody><tr><th scope="row"><label for="devskyy_url">' . esc_html__('Address of the sidecar', 'devskyy') . '</label></th><td>';
        printf('<input type="url" class="regular-text" id="devskyy_url" name="devskyy_url" value="%s" placeholder="https://" %s>', esc_attr(Connection::url()), $fixed ? 'readonly' : '');
        if ($fixed) {
            echo '<p class="description">' . esc_html__('Set in wp-config.php.', 'devskyy') . '</p>';
        }
        echo '</td></tr><tr><th scope="row"><label for="devskyy_code">' . esc_html__('Pairing code', 'devskyy') . '</label></th><td>';
        echo '<input type="text" class="regular-text" id="devskyy_code" name="devskyy_code" autocomplete="off" spellcheck="false" placeholder="ABCD-EFGH-JKLM">';
        if ($this->has_key()) {
            echo '<p class="description">' . esc_html__('Leave it empty to use the key of wp-config.php.', 'devskyy') . '</p>';
        }
        echo '</td></tr></tbody></table>';
        $this->button('pair', __('Connect', 'devskyy'), '', 'button-primary');
    }

    private function show_moved(): void
    {
        $text = Error_Hints::block(Error_Hints::error('site_changed', 409));
        /* translators: 1: address at pairing, 2: address now */
        $addresses = sprintf(__('It was %1$s and is %2$s now.', 'devskyy'), Connection::get()['home'], Connection::home());
        echo '<p><strong>' . esc_html($text['message']) . '</strong> ' . esc_html($addresses) . ' ' . esc_html($text['hint']) . '</p>';
        $this->button('moved', __('The shop moved', 'devskyy'), __('Goes on here with everything that is known of the shop.', 'devskyy'));
        $this->button('forget', __('This is a copy: forget', 'devskyy'), __('Ends the pairing here; the original is not touched.', 'devskyy'));
    }

    private function show_data(): void
    {
        echo '<h2>' . esc_html__('Data', 'devskyy') . '</h2><table class="form-table"><tbody><tr><th scope="row">' . esc_html__('When the plugin is deleted', 'devskyy') . '</th><td><label>';
        printf('<input type="checkbox" name="devskyy_remove_data" value="yes" %s> ', checked(get_option('devskyy_remove_data'), 'yes', false));
        echo esc_html__('Delete the record of applied changes too', 'devskyy') . '</label></td></tr></tbody></table>';
    }

    private function button(string $action, string $label, string $description, string $class = ''): void
    {
        printf('<p><button type="submit" class="button %s" name="devskyy_action" value="%s">%s</button> %s</p>', esc_attr($class), esc_attr($action), esc_html($label), esc_html($description));
        // WooCommerce looks for its own save button in what was sent.
        echo '<input type="hidden" name="save" value="1">';
    }

    private function line(string $label, string $value): void
    {
        printf('<tr><th scope="row">%s</th><td><code>%s</code></td></tr>', esc_html($label), esc_html($value));
    }

    private function has_key(): bool
    {
        return defined('DEVSKYY_PAIRING_KEY') || defined('DEVSKYY_PAIRING_KEY_FILE');
    }
}
