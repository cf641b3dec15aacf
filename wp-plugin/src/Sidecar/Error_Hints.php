<?php

declare(strict_types=1);

namespace DevSkyy\Sidecar;

use WP_Error;

/** Every error code with its sentence and with what to do next. */
final class Error_Hints
{
    /**
     * Makes the one error shape.
     *
     * @param array<string, mixed> $more Joins `data`: request_id, fields, details, results.
     */
    public static function error(string $code, int $status, string $message = '', array $more = [], string $hint = ''): WP_Error
    {
        [$known_message, $known_hint] = self::find($code);
        // Our own hints are translated and know wp-admin; codes for many cases say more where they arose.
        $hint = in_array($code, self::general(), true) && $hint !== '' ? $hint : ($known_hint ?: ($hint ?: self::fallback()));
        $data = ['status' => $status, 'hint' => $hint, 'request_id' => bin2hex(random_bytes(8))];
        return new WP_Error($code, $message ?: ($known_message ?: $code), $more + $data);
    }

    /** An error of the sidecar: in English as it says it, which is more exact, elsewhere in our own translated words. */
    public static function from_sidecar(string $code, int $status, string $message, array $more, string $hint): WP_Error
    {
        $known = self::find($code)[0];
        return self::error($code, $status, $known === '' || str_starts_with(determine_locale(), 'en') ? $message : $known, $more, $hint);
    }

    /** @return list<string> Codes whose own hint, which is English, is worth more than ours; elsewhere only that of wrong fields. */
    private static function general(): array
    {
        return str_starts_with(determine_locale(), 'en') ? ['invalid', 'not_found', 'conflict', 'forbidden', 'unauthorized', 'unavailable'] : ['invalid'];
    }

    /** What to do about an error that somebody else made. */
    public static function hint(WP_Error $error): string
    {
        $data = $error->get_error_data();
        $hint = is_array($data) ? (string) ($data['hint'] ?? '') : '';
        return $hint ?: (self::find((string) $error->get_error_code())[1] ?: self::fallback());
    }

    /** An error as the block `{code, message, hint}` inside an answer. */
    public static function block(WP_Error $error): array
    {
        return ['code' => (string) $error->get_error_code(), 'message' => $error->get_error_message(), 'hint' => self::hint($error)];
    }

    private static function fallback(): string
    {
        return __('Try again. If it stays, look at WooCommerce, DevSkyy, Status and at the log of the sidecar.', 'devskyy');
    }

    /** @return array{0: string, 1: string} Message and hint, empty when the code is not ours. */
    private static function find(string $code): array
    {
        return match ($code) {
            'not_paired' => [__('This shop is not connected to a sidecar yet.', 'devskyy'), __('Run "devskyy pair" where the sidecar lives and enter its address and code under WooCommerce, Settings, DevSkyy.', 'devskyy')],
            'pairing_code_wrong' => [__('The pairing code is wrong.', 'devskyy'), __('Type the twelve characters as "devskyy pair" showed them. After five wrong tries the code ends; make a new one then.', 'devskyy')],
            'pairing_code_expired' => [__('The pairing code has expired.', 'devskyy'), __('A code lives 15 minutes and works once. Run "devskyy pair" again and enter the new one.', 'devskyy')],
            'pairing_locked' => [__('Too many wrong pairing codes.', 'devskyy'), __('Run "devskyy pair" again: it makes a new code and ends the old one.', 'devskyy')],
            'pairing_key_missing' => [__('There is no pairing key.', 'devskyy'), __('Set DEVSKYY_PAIRING_KEY or DEVSKYY_PAIRING_KEY_FILE in wp-config.php, with the same value as the sidecar.', 'devskyy')],
            'pairing_key_invalid' => [__('The pairing key is not valid.', 'devskyy'), __('It must be base64url of at least 32 bytes and the same on both sides.', 'devskyy')],
            'url_missing' => [__('The address of the sidecar is missing.', 'devskyy'), __('Enter the address that "devskyy serve" prints, with its port.', 'devskyy')],
            'url_invalid' => [__('That is not an address of a sidecar.', 'devskyy'), __('It starts with http:// or https:// and holds no user name, query or fragment.', 'devskyy')],
            'not_a_sidecar' => [__('Something answers at this address, but it is not a DevSkyy sidecar.', 'devskyy'), __('Check the address and port. Opening it with /health behind it must show "ok": true.', 'devskyy')],
            'sidecar_redirects' => [__('The address answers with a redirect, which is not followed.', 'devskyy'), __('Enter the final address, often the one with https:// or without a trailing path.', 'devskyy')],
            'sidecar_unreachable' => [__('The sidecar does not answer.', 'devskyy'), __('Start it with "devskyy serve" and check that this server can reach its address and port. The shop sells on meanwhile and events wait.', 'devskyy')],
            'sidecar_timeout' => [__('The sidecar took too long to answer.', 'devskyy'), __('It may be busy with a first sync. Wait a minute and look again; its log says what it does.', 'devskyy')],
            'sidecar_unknown_host' => [__('The name of the sidecar\'s server is not known.', 'devskyy'), __('Check the address for a typing error, and that this server can resolve the name.', 'devskyy')],
            'sidecar_error' => [__('The sidecar answered with an error that it did not explain.', 'devskyy'), __('Look at the log of the sidecar and of a proxy in front of it.', 'devskyy')],
            'tls_failed' => [__('The secure connection to the sidecar failed.', 'devskyy'), __('Its certificate must be valid and carry the name in the address. Renew it, or use the http:// address inside a private network.', 'devskyy')],
            'http_blocked' => [__('WordPress is set not to call other servers.', 'devskyy'), __('Add the sidecar\'s host name to WP_ACCESSIBLE_HOSTS in wp-config.php, or remove WP_HTTP_BLOCK_EXTERNAL.', 'devskyy')],
            'permalinks_off' => [__('Plain permalinks switch WooCommerce\'s REST API off.', 'devskyy'), __('Choose any other structure under Settings, Permalinks, and pair again.', 'devskyy')],
            'rest_blocked' => [__('Something on this site blocks the REST API.', 'devskyy'), __('Allow the routes devskyy/v1 and wc/v3 in the security plugin that blocks them, and pair again.', 'devskyy')],
            'woocommerce_missing', 'woocommerce_too_old' => ['', __('Update WooCommerce under Plugins, then pair again.', 'devskyy')],
            'version_unsupported' => [__('Plugin and sidecar do not fit together.', 'devskyy'), __('Update the older one of the two. The Status page shows both versions.', 'devskyy')],
            'clock_skew' => [__('The clocks of the two servers differ too much.', 'devskyy'), __('Let both servers set their clock by NTP ("timedatectl set-ntp true"); 30 seconds are allowed.', 'devskyy')],
            'site_changed' => [__('This site is not at the address it was paired at.', 'devskyy'), __('If it is a copy, choose "Forget" under WooCommerce, Settings, DevSkyy; if the shop moved, choose "Moved". Nothing is sent or written until then.', 'devskyy')],
            'shop_unpaired' => [__('The sidecar does not know this shop any more.', 'devskyy'), __('Pair again under WooCommerce, Settings, DevSkyy.', 'devskyy')],
            'secret_unreadable' => [__('The stored secret cannot be opened.', 'devskyy'), __('The keys and salts in wp-config.php have changed since. Pair again under WooCommerce, Settings, DevSkyy.', 'devskyy')],
            'signature_missing', 'signature_invalid', 'signature_expired', 'audience_mismatch', 'request_altered', 'replayed' => [__('The signature of the request was refused.', 'devskyy'), __('Both sides no longer share a secret, or something between them alters requests. Pair again; if it stays, look at proxies in between.', 'devskyy')],
            'not_allowed' => [__('You may not do this.', 'devskyy'), __('It needs the right to manage WooCommerce. Ask an administrator.', 'devskyy')],
            'session_required' => [__('Only a person signed in to wp-admin may decide.', 'devskyy'), __('Open WooCommerce, DevSkyy in the browser and decide there. Application passwords and API keys cannot.', 'devskyy')],
            'invalid' => [__('The request is not valid.', 'devskyy'), __('See the fields for what is wrong.', 'devskyy')],
            'too_large' => [__('The request is too large.', 'devskyy'), __('Send less at a time.', 'devskyy')],
            'internal' => [__('The plugin ran into an error.', 'devskyy'), __('See WooCommerce, Status, Logs, "devskyy" for what happened, and report it.', 'devskyy')],
            default => self::find_change($code),
        };
    }

    /** @return array{0: string, 1: string} */
    private static function find_change(string $code): array
    {
        return match ($code) {
            'digest_mismatch' => [__('The proposal is no longer the one you saw.', 'devskyy'), __('Open it again and decide on what it says now.', 'devskyy')],
            'stale' => [__('The shop has changed since the proposal was made, so nothing was written.', 'devskyy'), __('The agent looks again at its next run; the results show what stands there now.', 'devskyy')],
            'failed' => [__('The change could not be written. What had been written was put back.', 'devskyy'), __('The results name the reason for each change.', 'devskyy')],
            'changed_since' => [__('Somebody changed this after it was applied, so it was not put back.', 'devskyy'), __('Decide which value you want and set it in the product itself.', 'devskyy')],
            'not_undoable' => [__('This cannot be taken back.', 'devskyy'), __('Change the product itself instead.', 'devskyy')],
            'not_applied' => [__('This proposal is not applied, so there is nothing to take back.', 'devskyy'), __('Reload the Inbox; somebody else may have been quicker.', 'devskyy')],
            'not_pending' => [__('This proposal has been decided already.', 'devskyy'), __('Reload the Inbox; somebody else may have been quicker.', 'devskyy')],
            'expired' => [__('This proposal has expired.', 'devskyy'), __('Run the agent again for a fresh one.', 'devskyy')],
            'busy' => [__('Another change to the same thing is being written.', 'devskyy'), __('Wait a few seconds and try again.', 'devskyy')],
            'change_refused' => [__('The proposal asks for something that is never written.', 'devskyy'), __('Reject it. The results name the reason.', 'devskyy')],
            'mail_failed' => [__('The order was not sent.', 'devskyy'), __('Nothing went out. Check that WordPress can send mail, then send it again; or order by other means and mark it as sent.', 'devskyy')],
            'mail_unknown' => [__('Nobody can say whether the mail went out.', 'devskyy'), __('Ask the supplier. Then say under Stock, Purchase orders, whether it was sent or is a draft again.', 'devskyy')],
            'more_than_ordered' => [__('That is more than was ordered.', 'devskyy'), __('Count again. If it did arrive, say so, and it is received all the same.', 'devskyy')],
            'variable_parent' => [__('A variable product has no price of its own.', 'devskyy'), __('Prices stand in its variations; reject this proposal.', 'devskyy')],
            default => Error_Words::find($code),
        };
    }
}
