<?php

declare(strict_types=1);

namespace DevSkyy\Rest;

use DevSkyy\Changes\Policy;
use DevSkyy\Purchase_Mail;
use DevSkyy\Sidecar\Client;
use DevSkyy\Sidecar\Connection;
use DevSkyy\Sidecar\Error_Hints;
use WP_Error;
use WP_REST_Request;

/** The two presses on a purchase order that leave the sidecar: its mail to the supplier, and stock that rises by what arrived. */
final class Purchase_Orders
{
    private const PATH = '/api/v1/inventory/purchase-orders/';
    /** The sidecar makes a PDF meanwhile. */
    private const SECONDS = 30.0;

    /** Sends an order as the person who pressed, to the address they saw; the sidecar grants it once. */
    public static function send(WP_REST_Request $request): array|WP_Error
    {
        if (!Connection::usable()) {
            return Error_Hints::error(Connection::paired() ? 'site_changed' : 'not_paired', 409);
        }
        Purchase_Mail::settle();
        // What the person wrote in the place of what was shown; without it the sidecar's own words go out.
        $words = array_filter(['subject' => $request['subject'], 'text' => $request['text']], 'is_string');
        $granted = Proxy::act('POST', self::PATH . $request['id'] . '/send', ['digest' => $request['digest']] + $words, ['timeout' => self::SECONDS]);
        if (is_wp_error($granted)) {
            return $granted;
        }
        $mail = $granted->mail ?? null;
        $pdf = base64_decode((string) ($granted->pdf ?? ''), true);
        $send_id = (string) ($granted->send_id ?? '');
        if (!preg_match('/^[0-9a-f]{32}$/', $send_id) || !self::is_mail($mail) || !is_string($pdf) || !str_starts_with($pdf, '%PDF-')) {
            return Error_Hints::error('not_a_sidecar', 502);
        }
        if ($mail->to !== $request['to'] || $words !== array_intersect_key(['subject' => $mail->subject, 'text' => $mail->text], $words)) {
            // Nothing has left: a sidecar may choose neither another reader than the person saw nor other words than they wrote.
            Proxy::act('POST', self::PATH . $request['id'] . '/sent', ['send_id' => $send_id, 'state' => 'failed', 'reason' => __('The address or the words were not those that were shown.', 'devskyy')]);
            return Error_Hints::error('digest_mismatch', 409, __('The address or the words are not those that were shown.', 'devskyy'));
        }
        $number = sanitize_file_name((string) ($granted->order->number ?? 'order'));
        return self::answer(Purchase_Mail::send($request['id'], $send_id, $mail, $pdf, "$number.pdf"), $granted->order ?? new \stdClass());
    }

    /** Notes what arrived and raises the stock at once, by a proposal that can be undone as any other. */
    public static function receive(WP_REST_Request $request): array|WP_Error
    {
        if (!Connection::usable()) {
            return Error_Hints::error(Connection::paired() ? 'site_changed' : 'not_paired', 409);
        }
        $lines = $request['lines'];
        $body = array_filter(['key' => $request['key'], 'lines' => $lines, 'over' => (bool) $request['over']]);
        $noted = Proxy::act('POST', self::PATH . $request['id'] . '/receive', $body, ['timeout' => self::SECONDS]);
        if (is_wp_error($noted)) {
            return $noted;
        }
        $proposal = $noted->proposal ?? null;
        // The same press again, or products whose stock nobody counts: nothing is left to raise.
        if (!$proposal instanceof \stdClass || !in_array($proposal->state ?? '', ['pending', 'snoozed'], true)) {
            return ['ok' => true, 'order' => $noted->order ?? null, 'receipt' => $noted->receipt ?? null] + ($proposal === null ? [] : ['proposal' => $proposal]);
        }
        if (!self::only_raises($proposal, (int) array_sum(array_column($lines, 'quantity')))) {
            return Error_Hints::error('change_refused', 409, __('The sidecar asks for more than what arrived.', 'devskyy'));
        }
        $done = Decisions::approve_now((string) $proposal->id, (string) ($proposal->digest ?? ''));
        if (is_wp_error($done)) {
            return $done;
        }
        $order = Client::request('GET', self::PATH . $request['id'], [], null, ['person' => true]);
        return $done + ['order' => is_wp_error($order) ? ($noted->order ?? null) : ($order->order ?? null), 'receipt' => $noted->receipt ?? null];
    }

    /** True when a proposal adds pieces to stock and does nothing else: the person saw the pieces, not the proposal. */
    private static function only_raises(\stdClass $proposal, int $pieces): bool
    {
        $raised = 0;
        foreach ((array) ($proposal->changes ?? []) as $change) {
            if (!$change instanceof \stdClass || ($change->kind ?? '') !== 'patch' || Policy::refuse($change) !== null) {
                return false;
            }
            foreach ($change->set as $item) {
                if ($item->path !== 'stock_delta' || $item->to <= 0) {
                    return false;
                }
                $raised += $item->to;
            }
        }
        return $raised > 0 && $raised <= $pieces;
    }

    private static function is_mail(mixed $mail): bool
    {
        if (!$mail instanceof \stdClass || !is_string($mail->to ?? null) || !is_string($mail->subject ?? null) || !is_string($mail->text ?? null)) {
            return false;
        }
        return (bool) is_email($mail->to) && !preg_match('/[\r\n]/', $mail->subject) && strlen($mail->subject) <= 1000 && strlen($mail->text) <= 50_000;
    }

    private static function answer(array $done, \stdClass $order): array|WP_Error
    {
        $order = is_wp_error($done['answer']) ? $order : ($done['answer']->order ?? $order);
        if ($done['state'] === 'sent') {
            // The sidecar may not have heard yet; the mail is out all the same.
            $order->state = 'sent';
            return ['ok' => true, 'order' => $order];
        }
        $code = $done['state'] === 'failed' ? 'mail_failed' : 'mail_unknown';
        $base = Error_Hints::error($code, 409)->get_error_message();
        return Error_Hints::error($code, 409, trim($base . ' ' . $done['reason']), ['order' => $order]);
    }
}
