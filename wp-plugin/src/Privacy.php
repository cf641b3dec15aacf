<?php

declare(strict_types=1);

namespace DevSkyy;

/** Text for the shop's privacy policy. The plugin itself keeps no personal data of shoppers, so it has no exporter or eraser. */
final class Privacy
{
    public static function register(): void
    {
        add_action('admin_init', static function (): void {
            wp_add_privacy_policy_content('DevSkyy', wp_kses_post('<p>' . implode('</p><p>', self::paragraphs()) . '</p>'));
        });
    }

    /** @return list<string> */
    private static function paragraphs(): array
    {
        return [
            __('We use DevSkyy to prepare decisions about our shop, such as prices and stock. It runs on a server that we chose.', 'devskyy'),
            __('DevSkyy reads our orders: products, amounts, times, status, the country and the first three characters of the postcode, and a code made from the e-mail address by which returning customers are counted. It reads the text of product reviews. It stores no names, street addresses, phone numbers or readable e-mail addresses.', 'devskyy'),
            __('A person decides on each proposal; no decision about a customer is made automatically.', 'devskyy'),
        ];
    }
}
