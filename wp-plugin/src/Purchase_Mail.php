<?php

declare(strict_types=1);

namespace DevSkyy;

use DevSkyy\Sidecar\Client;
use WP_Error;

/**
 * The mail of a purchase order, by WordPress's own mailer: what the sidecar granted goes out at most once.
 *
 * An option per sending stands before the mail leaves and says afterwards how it went, so that a word the sidecar did not hear is said again and
 * a sending that a crash cut off is called unknown and never tried again.
 */
final class Purchase_Mail
{
    private const PREFIX = 'devskyy_mail_';
    /** A mail server may take this long; after it nobody is still sending. */
    private const LONGEST = 300;

    /**
     * Sends one granted mail and reports it; answers the order as the sidecar has it then, or why nothing is known of that.
     *
     * @param \stdClass $mail {to, subject, text}
     * @return array{state: string, reason: string, answer: \stdClass|WP_Error}
     */
    public static function send(string $order, string $send_id, \stdClass $mail, string $pdf, string $file): array
    {
        $note = ['order' => $order, 'state' => 'sending', 'reason' => '', 'at' => time()];
        // Only whoever makes the row sends: a grant that is handed out twice mails once.
        if (!self::claim($send_id, $note)) {
            return ['state' => 'unknown', 'reason' => '', 'answer' => new WP_Error('busy', __('This mail is being sent already.', 'devskyy'), ['status' => 409])];
        }
        do_action('devskyy_before_mail', $send_id);
        [$note['state'], $note['reason']] = self::mail($mail, $pdf, $file);
        do_action('devskyy_after_mail', $send_id);
        update_option(self::PREFIX . $send_id, $note, false);
        return ['state' => $note['state'], 'reason' => $note['reason'], 'answer' => self::report($send_id, $note)];
    }

    /** Says again what the sidecar has not heard; of a sending that a crash cut off, that nobody knows. */
    public static function settle(): bool|WP_Error
    {
        global $wpdb;
        $names = $wpdb->get_col($wpdb->prepare('SELECT option_name FROM %i WHERE option_name LIKE %s LIMIT 20', $wpdb->options, $wpdb->esc_like(self::PREFIX) . '%'));
        foreach ($names as $name) {
            $note = get_option($name);
            if (!is_array($note)) {
                delete_option($name);
                continue;
            }
            if ($note['state'] === 'sending' && $note['at'] > time() - self::LONGEST) {
                continue;
            }
            $note['state'] = $note['state'] === 'sending' ? 'unknown' : $note['state'];
            $answer = self::report(substr($name, strlen(self::PREFIX)), $note);
            if (is_wp_error($answer) && Client::away($answer)) {
                return $answer;
            }
        }
        return true;
    }

    /** Tells the sidecar; what it has heard, or refuses to hear, is not told again. */
    private static function report(string $send_id, array $note): \stdClass|WP_Error
    {
        $body = ['send_id' => $send_id, 'state' => $note['state']] + ($note['reason'] === '' ? [] : ['reason' => mb_substr($note['reason'], 0, 300)]);
        $answer = Client::request('POST', '/api/v1/inventory/purchase-orders/' . $note['order'] . '/sent', [], $body);
        $heard = !is_wp_error($answer) || in_array((int) ($answer->get_error_data()['status'] ?? 500), [404, 409, 410, 422], true);
        $heard && delete_option(self::PREFIX . $send_id);
        return $answer;
    }

    /** @return array{0: string, 1: string} `sent`, `failed` or `unknown`, and why. */
    private static function mail(\stdClass $mail, string $pdf, string $file): array
    {
        require_once ABSPATH . 'wp-admin/includes/file.php';
        $path = wp_tempnam('devskyy-order');
        $reason = '';
        $listen = static function (WP_Error $error) use (&$reason): void {
            $reason = $error->get_error_message();
        };
        add_action('wp_mail_failed', $listen);
        try {
            if (file_put_contents($path, $pdf) !== strlen($pdf)) { // phpcs:ignore WordPress.WP.AlternativeFunctions -- a file of our own in the temporary folder
                return ['failed', __('The PDF could not be written to the temporary folder.', 'devskyy')];
            }
            $sent = wp_mail($mail->to, $mail->subject, $mail->text, self::headers(), [$file => $path]);
            return $sent ? ['sent', ''] : ['failed', $reason];
        } catch (\Throwable $error) {
            // Something threw in the middle: the mail may be out.
            return ['unknown', $error->getMessage()];
        } finally {
            remove_action('wp_mail_failed', $listen);
            wp_delete_file($path);
        }
    }

    /** @return list<string> As the shop's other mails are sent. */
    private static function headers(): array
    {
        $address = sanitize_email((string) get_option('woocommerce_email_from_address'));
        $name = trim((string) preg_replace('/[\x00-\x1f\x7f"<>]+/', ' ', wp_specialchars_decode((string) get_option('woocommerce_email_from_name'), ENT_QUOTES)));
        return is_email($address) ? ["From: \"$name\" <$address>", "Reply-To: $address"] : [];
    }

    /** True for the one who made the row: the table lets no second one in. */
    private static function claim(string $send_id, array $note): bool
    {
        global $wpdb;
        $name = self::PREFIX . $send_id;
        $made = (bool) $wpdb->query($wpdb->prepare("INSERT IGNORE INTO %i (option_name, option_value, autoload) VALUES (%s, %s, 'off')", $wpdb->options, $name, maybe_serialize($note)));
        wp_cache_delete($name, 'options');
        wp_cache_delete('notoptions', 'options');
        return $made;
    }
}
