<?php

declare(strict_types=1);

namespace DevSkyy;

use DevSkyy\Export\Export;
use DevSkyy\Sidecar\Client;
use DevSkyy\Sidecar\Connection;
use DevSkyy\Sidecar\Error_Hints;
use WP_Error;

/**
 * WordPress's tools for personal data: what plugin and sidecar hold about a person is exported and erased with the rest.
 *
 * The sidecar is told the keyed hash of the e-mail address and the user's number and login, never the address.
 */
final class Privacy
{
    private const PAGE = 100;
    /** An erasure looks at everything the sidecar has ever written. */
    private const TIMEOUT = 60.0;
    private const MOST_REVIEWS = 5000;

    public static function register(): void
    {
        add_action('admin_init', static function (): void {
            wp_add_privacy_policy_content('DevSkyy', wp_kses_post('<p>' . implode('</p><p>', self::paragraphs()) . '</p>'));
        });
        add_filter('wp_privacy_personal_data_exporters', static fn (array $all): array => $all + ['devskyy' => [
            'exporter_friendly_name' => __('DevSkyy: what its sidecar holds', 'devskyy'),
            'callback' => [self::class, 'export'],
        ]]);
        // Before all others: once WordPress has made reviews anonymous, nobody knows whose they were.
        add_filter('wp_privacy_personal_data_erasers', static fn (array $all): array => ['devskyy' => [
            'eraser_friendly_name' => __('DevSkyy: what its sidecar holds', 'devskyy'),
            'callback' => [self::class, 'erase'],
        ]] + $all, PHP_INT_MAX);
    }

    /**
     * A page of what is held about a person.
     *
     * @return array{data: list<array>, done: bool}|WP_Error An export that would lack something fails, and says what to do.
     */
    public static function export(string $email, int $page = 1): array|WP_Error
    {
        $own = $page === 1 ? Own_Data::export($email) : [];
        if (!self::known_to_sidecar()) {
            return ['data' => $own, 'done' => true];
        }
        $body = self::person($email) + ['page' => $page, 'limit' => self::PAGE];
        $answer = self::ask('/api/v1/gdpr/export-data', $body);
        if (is_wp_error($answer)) {
            return self::refuse($answer);
        }
        return ['data' => [...$own, ...array_map([self::class, 'item'], $answer->items)], 'done' => $page >= $answer->pages];
    }

    /**
     * Erases a person in the plugin and in the sidecar; whatever the sidecar could not do is told, never thrown.
     *
     * @return array{items_removed: bool, items_retained: bool, messages: list<string>, done: bool}
     */
    public static function erase(string $email): array
    {
        $removed = Own_Data::erase($email) > 0;
        if (!self::known_to_sidecar()) {
            return self::result($removed, false, []);
        }
        $answer = self::ask('/api/v1/gdpr/delete-data', self::person($email));
        if (is_wp_error($answer)) {
            return self::result($removed, true, [self::away($answer, __('DevSkyy\'s sidecar has not erased this person.', 'devskyy'))]);
        }
        $removed = $removed || (array) $answer->erased !== [];
        $audit = in_array('audit', $answer->kept, true);
        return self::result($removed, $audit, self::words((array) $answer->erased, $audit));
    }

    /** @return array<string, mixed> How the sidecar knows the person. */
    private static function person(string $email): array
    {
        $user = get_user_by('email', $email);
        $reviews = self::reviews($email, $user ? $user->ID : 0);
        $body = ['email_hash' => Export::email_hash($email), 'review_ids' => $reviews];
        $body += $user ? ['customer_id' => $user->ID, 'user_id' => $user->ID, 'login' => $user->user_login] : [];
        return array_filter($body, static fn ($value): bool => $value !== null);
    }

    /** @return list<int> Product reviews by the address or by the account. */
    private static function reviews(string $email, int $user): array
    {
        $asked = ['type' => 'review', 'status' => 'any', 'fields' => 'ids', 'number' => self::MOST_REVIEWS, 'orderby' => 'comment_ID'];
        $ids = get_comments($asked + ['author_email' => $email]);
        $ids = $user > 0 ? [...$ids, ...get_comments($asked + ['user_id' => $user])] : $ids;
        return array_slice(array_values(array_unique(array_map('intval', $ids))), 0, self::MOST_REVIEWS);
    }

    private static function ask(string $path, array $body): \stdClass|WP_Error
    {
        return Client::request('POST', $path, [], $body, ['person' => true, 'timeout' => self::TIMEOUT, 'force' => true]);
    }

    /** A shop that was never paired has nothing anywhere else; one that was may have, and is asked to connect again. */
    private static function known_to_sidecar(): bool
    {
        return Connection::paired() || get_option('devskyy_site_id', '') !== '';
    }

    /** WordPress shows a WP_Error of an exporter as "[object Object]"; a plain text it shows as it is. */
    private static function refuse(WP_Error $error): WP_Error
    {
        $text = self::away($error, __('DevSkyy\'s sidecar could not be asked, so this export would not be complete.', 'devskyy'));
        if (wp_doing_ajax()) {
            wp_send_json_error(esc_html($text));
        }
        return new WP_Error($error->get_error_code(), $text, $error->get_error_data());
    }

    private static function away(WP_Error $error, string $what): string
    {
        $block = Error_Hints::block($error);
        return implode(' ', array_filter([$what, $block['message'], $block['hint'], __('Then try again here.', 'devskyy')]));
    }

    /** @param list<string> $messages */
    private static function result(bool $removed, bool $retained, array $messages): array
    {
        return ['items_removed' => $removed, 'items_retained' => $retained, 'messages' => $messages, 'done' => true];
    }

    /**
     * @param array<string, int> $erased Rows by table.
     *
     * @return list<string>
     */
    private static function words(array $erased, bool $audit): array
    {
        $orders = (int) ($erased['orders'] ?? 0);
        /* translators: %s: number of orders. */
        $kept = _n('DevSkyy keeps the sums and products of %s order, without its buyer.', 'DevSkyy keeps the sums and products of %s orders, without their buyer.', $orders, 'devskyy');
        return array_values(array_filter([
            $orders > 0 ? sprintf($kept, number_format_i18n($orders)) : '',
            $audit ? __('DevSkyy\'s log of decisions keeps what was done; the name in it can no longer be read.', 'devskyy') : '',
        ]));
    }

    /** A row of the sidecar in the form of WordPress's export. */
    private static function item(\stdClass $item): array
    {
        $data = [];
        foreach ((array) $item->data as $name => $value) {
            $text = is_scalar($value) ? (is_bool($value) ? ($value ? 'yes' : 'no') : (string) $value) : (string) wp_json_encode($value, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
            $data[] = ['name' => ucfirst(str_replace('_', ' ', (string) $name)), 'value' => esc_html($text)];
        }
        return [
            'group_id' => "devskyy-{$item->table}",
            /* translators: %s: name of a table of the sidecar. */
            'group_label' => sprintf(__('DevSkyy: %s', 'devskyy'), str_replace('_', ' ', $item->table)),
            'group_description' => esc_html($item->title),
            'item_id' => "devskyy-{$item->table}-{$item->id}",
            'data' => $data,
        ];
    }

    /** @return list<string> */
    private static function paragraphs(): array
    {
        return [
            __('We use DevSkyy to prepare decisions about our shop, such as prices and stock. It runs on a server that we chose.', 'devskyy'),
            __('DevSkyy reads our orders: products, amounts, times, status, the country and the first three characters of the postcode, and a code made from the e-mail address by which returning customers are counted. It reads the text of product reviews. It stores no names, street addresses, phone numbers or readable e-mail addresses.', 'devskyy'),
            __('Of people who work in our shop, DevSkyy stores user number and login name with what they decided.', 'devskyy'),
            __('When we erase your personal data, DevSkyy erases it too: orders stay in its sums without you, and later readings of the shop leave you out.', 'devskyy'),
            __('A person decides on each proposal; no decision about a customer is made automatically.', 'devskyy'),
        ];
    }
}
