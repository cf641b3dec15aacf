<?php

declare(strict_types=1);

namespace DevSkyy\Admin;

use DevSkyy\Actions;
use DevSkyy\Messages;
use DevSkyy\Rest\Activity;
use DevSkyy\Sidecar\Connection;

/** The shell of one page: its script, its data and a skeleton. It never asks the sidecar; the script does. */
final class Page
{
    public static function load(string $page): void
    {
        $page === 'connections' && Oauth_Return::take();
        add_action('admin_enqueue_scripts', static fn () => self::enqueue($page));
    }

    public static function show(string $page): void
    {
        $built = is_file(self::file("$page.js"));
        echo '<div class="wrap"><div id="devskyy-root">';
        echo '<h1>' . esc_html(Menu::titles()[$page]) . '</h1>';
        if ($built) {
            echo '<div class="devskyy-skeleton" aria-busy="true"><p>' . esc_html__('Loading…', 'devskyy') . '</p></div>';
        } else {
            echo '<p>' . esc_html__('The script of this page is missing. In a checkout, build it with "make plugin-assets"; an installed plugin should be installed again.', 'devskyy') . '</p>';
        }
        echo '<noscript><p>' . esc_html__('This page needs JavaScript. Switch it on in your browser; the shop itself runs without it.', 'devskyy') . '</p></noscript>';
        echo '</div></div>';
    }

    private static function enqueue(string $page): void
    {
        if (!is_file(self::file("$page.js"))) {
            return;
        }
        $asset = is_file(self::file("$page.asset.php")) ? require self::file("$page.asset.php") : [];
        $handle = "devskyy-$page";
        $version = (string) ($asset['version'] ?? DEVSKYY_VERSION);
        wp_enqueue_script($handle, plugins_url("build/$page.js", DEVSKYY_FILE), $asset['dependencies'] ?? [], $version, ['in_footer' => true]);
        wp_set_script_translations($handle, 'devskyy', DEVSKYY_DIR . '/languages');
        $data = wp_json_encode(self::data($page), JSON_HEX_TAG | JSON_HEX_AMP | JSON_UNESCAPED_SLASHES);
        wp_add_inline_script($handle, "window.devskyy = $data;", 'before');
        $messages = array_map(static fn (string $text): array => [$text], Messages::translated());
        if ($messages !== []) {
            $json = wp_json_encode($messages, JSON_HEX_TAG | JSON_HEX_AMP);
            wp_add_inline_script($handle, "wp.i18n.setLocaleData($json, 'devskyy');", 'before');
        }
        wp_enqueue_style('devskyy', plugins_url('build/style.css', DEVSKYY_FILE), ['wp-components'], $version);
        wp_style_add_data('devskyy', 'rtl', 'replace');
    }

    private static function data(string $page): array
    {
        return [
            'page' => $page,
            'paired' => Connection::paired(),
            'version' => DEVSKYY_VERSION,
            'currency' => [
                'code' => get_woocommerce_currency(),
                'symbol' => html_entity_decode(get_woocommerce_currency_symbol()),
                'position' => (string) get_option('woocommerce_currency_pos', 'left'),
                'decimals' => wc_get_price_decimals(),
                'thousand' => wc_get_price_thousand_separator(),
                'decimal' => wc_get_price_decimal_separator(),
            ],
            'locale' => get_user_locale(),
            'timezone' => wp_timezone_string(),
            'urls' => Menu::urls(),
            'can' => ['pair' => current_user_can('manage_options')],
            'caps' => array_values(array_filter(['manage_woocommerce', 'manage_options'], 'current_user_can')),
        ] + match ($page) {
            'activity' => ['actions' => Actions::words(), 'groups' => Actions::groups(), 'most' => Activity::MOST],
            'connections' => array_filter(['redirect' => Oauth_Return::url(), 'returned' => Oauth_Return::result()]),
            default => [],
        };
    }

    private static function file(string $name): string
    {
        return DEVSKYY_DIR . '/build/' . $name;
    }
}
