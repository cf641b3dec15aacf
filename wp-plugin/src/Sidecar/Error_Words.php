<?php

declare(strict_types=1);

namespace DevSkyy\Sidecar;

/** The sidecar's error codes in words: what happened, and what to do next. A test compares them with the sidecar's own. */
final class Error_Words
{
    /** @return array{0: string, 1: string} Message and hint, empty when the code is not known. */
    public static function find(string $code): array
    {
        foreach ([self::of_access($code), self::of_requests($code), self::of_runs($code), self::of_the_shop($code), self::of_the_machine($code), self::of_services($code), self::of_stock($code)] as $found) {
            if ($found[0] !== '') {
                return $found;
            }
        }
        return ['', ''];
    }

    /** Who may do what. @return array{0: string, 1: string} */
    private static function of_access(string $code): array
    {
        return match ($code) {
            'https_required' => [__('The sidecar takes plain http only from its own machine.', 'devskyy'), __('Enter its https:// address under WooCommerce, Settings, DevSkyy. Inside a private network set DEVSKYY_ALLOW_HTTP=true for the sidecar instead.', 'devskyy')],
            'address_not_allowed' => [__('The sidecar takes no requests from this server\'s address.', 'devskyy'), __('Add the address of this server to DEVSKYY_ALLOWED_NETWORKS where the sidecar lives, and restart it.', 'devskyy')],
            'rate_limited' => [__('Too many requests in a short time.', 'devskyy'), __('Wait a minute and try again. If it stays, raise DEVSKYY_RATE_PLUGIN where the sidecar lives.', 'devskyy')],
            'approval_needs_person', 'person_required' => [__('Only a person who may manage the shop can do this.', 'devskyy'), __('Sign in to wp-admin as a shop manager or administrator and do it there.', 'devskyy')],
            'role_too_high' => [__('This is more than you, or the person it is for, may have.', 'devskyy'), __('Choose a lower role, or let an administrator do it.', 'devskyy')],
            'login_taken' => [__('Somebody has this login name already.', 'devskyy'), __('Choose another name, or change the login that has it.', 'devskyy')],
            'forbidden' => [__('The sidecar does not allow this.', 'devskyy'), __('Ask an administrator to do it in wp-admin.', 'devskyy')],
            'unauthorized' => [__('The sidecar did not recognise this site.', 'devskyy'), __('Pair again under WooCommerce, Settings, DevSkyy.', 'devskyy')],
            'pairing_key_malformed' => [__('The pairing key of the sidecar is not usable.', 'devskyy'), __('Correct DEVSKYY_PAIRING_KEY or its file where the sidecar lives: base64url of at least 32 bytes.', 'devskyy')],
            default => ['', ''],
        };
    }

    /** Requests that could not be read. @return array{0: string, 1: string} */
    private static function of_requests(string $code): array
    {
        return match ($code) {
            'not_found' => [__('There is no such thing any more.', 'devskyy'), __('Reload the page; somebody else may have removed it.', 'devskyy')],
            'conflict' => [__('This cannot be done as things stand.', 'devskyy'), __('Reload the page to see how things stand, then try again.', 'devskyy')],
            'malformed_json', 'bad_request', 'content_type_unsupported', 'method_not_allowed', 'http_error', 'request_timeout' => [__('The sidecar could not read the request.', 'devskyy'), __('Update plugin and sidecar to the same version. If it stays, look for a proxy in between that alters requests.', 'devskyy')],
            'body_too_large', 'uri_too_long', 'headers_too_large' => [__('The request is too large for the sidecar.', 'devskyy'), __('Send less at a time, or raise DEVSKYY_MAX_BODY_BYTES where the sidecar lives.', 'devskyy')],
            'cursor_unknown' => [__('The list has changed meanwhile.', 'devskyy'), __('Reload the page.', 'devskyy')],
            default => ['', ''],
        };
    }

    /** Agents, runs and jobs. @return array{0: string, 1: string} */
    private static function of_runs(string $code): array
    {
        return match ($code) {
            'agent_unknown' => [__('This agent is not installed in the sidecar.', 'devskyy'), __('Reload the page. If it is missing there, update the sidecar.', 'devskyy')],
            'agent_off' => [__('This agent is switched off.', 'devskyy'), __('Switch it on under Agents, then run it.', 'devskyy')],
            'agent_crashed' => [__('The agent stopped because of an error in it.', 'devskyy'), __('Report it with the number of the run; the sidecar\'s log holds the details.', 'devskyy')],
            'undeclared_read' => [__('The agent asked for data that it may not read.', 'devskyy'), __('Report it with the number of the run: this is an error in the agent.', 'devskyy')],
            'run_timeout' => [__('The run took too long and was stopped.', 'devskyy'), __('Narrow its input, or raise DEVSKYY_RUN_TIMEOUT_S where the sidecar lives.', 'devskyy')],
            'run_ended' => [__('The run has ended already.', 'devskyy'), __('Reload the page to see how it went.', 'devskyy')],
            'cancelled' => [__('Somebody cancelled the run.', 'devskyy'), __('Start it again when you want it.', 'devskyy')],
            'not_failed' => [__('Only what has failed can be tried again.', 'devskyy'), __('Reload the page to see how it stands.', 'devskyy')],
            'not_approved' => [__('The sidecar knows of no approval of this proposal.', 'devskyy'), __('Reload the Inbox and decide again.', 'devskyy')],
            'job_kills_worker' => [__('The sidecar\'s worker died several times while doing this.', 'devskyy'), __('Look for a memory limit or crashes in the sidecar\'s log, then try again.', 'devskyy')],
            'job_not_queued' => [__('The work could not be put in line.', 'devskyy'), __('Try again in a moment.', 'devskyy')],
            default => ['', ''],
        };
    }

    /** What the sidecar says of this shop. @return array{0: string, 1: string} */
    private static function of_the_shop(string $code): array
    {
        return match ($code) {
            'shop_unreachable', 'shop_timeout' => [__('The sidecar does not reach this shop.', 'devskyy'), __('Check that the sidecar\'s server can open the shop\'s address, and set DEVSKYY_SHOP_URL there if the shop has another address inside.', 'devskyy')],
            'shop_tls_failed' => [__('The sidecar does not accept this shop\'s certificate.', 'devskyy'), __('Renew or complete the certificate, or add its issuer to the store of the sidecar\'s server.', 'devskyy')],
            'shop_redirects' => [__('This shop redirects the sidecar to another address.', 'devskyy'), __('Pair again at the address that the shop itself uses.', 'devskyy')],
            'shop_failed', 'shop_refused' => [__('This shop answered the sidecar with an error.', 'devskyy'), __('Look into the PHP error log of the shop. If it is in maintenance, wait.', 'devskyy')],
            'rest_not_found' => [__('The sidecar finds no REST API at this shop\'s address.', 'devskyy'), __('Save Settings, Permalinks once, then pair again.', 'devskyy')],
            'route_missing' => [__('This shop lacks a route that the sidecar needs.', 'devskyy'), __('Update the DevSkyy plugin to the version of the sidecar.', 'devskyy')],
            'woocommerce_key_refused' => [__('WooCommerce refuses the sidecar\'s key.', 'devskyy'), __('Pair again: this makes a new key. Nobody may delete it under WooCommerce, Settings, Advanced, REST API.', 'devskyy')],
            'answer_malformed', 'export_malformed' => [__('The shop answered the sidecar in an unknown form.', 'devskyy'), __('Update plugin and sidecar to the same version, and look for PHP warnings in the shop\'s log.', 'devskyy')],
            'sync_running' => [__('The shop is being read already.', 'devskyy'), __('Wait until that has ended.', 'devskyy')],
            'sync_needed' => [__('The shop has never been read as a whole.', 'devskyy'), __('Press Read all again on the Status page first.', 'devskyy')],
            default => ['', ''],
        };
    }

    /** What the sidecar lacks. @return array{0: string, 1: string} */
    private static function of_the_machine(string $code): array
    {
        return match ($code) {
            'unavailable' => [__('Something that the sidecar needs is away.', 'devskyy'), __('Try again in a minute. If it stays, look at the log of the sidecar.', 'devskyy')],
            'database_locked', 'database_busy' => [__('The sidecar\'s database is busy.', 'devskyy'), __('Try again in a moment. If it stays, look for a second sidecar on the same data.', 'devskyy')],
            'disk_full' => [__('The disk of the sidecar\'s database is full.', 'devskyy'), __('Free some space there; the sidecar goes on by itself.', 'devskyy')],
            'database_readonly' => [__('The sidecar cannot write its database.', 'devskyy'), __('Give the sidecar\'s user the right to write its data folder.', 'devskyy')],
            'database_gone' => [__('The sidecar does not reach its database.', 'devskyy'), __('Check that the database runs, and DEVSKYY_DATABASE_URL where the sidecar lives.', 'devskyy')],
            'database_outdated' => [__('The sidecar\'s database belongs to another version.', 'devskyy'), __('Stop the sidecar and run "devskyy migrate".', 'devskyy')],
            'database_damaged' => [__('The sidecar\'s database is damaged.', 'devskyy'), __('Restore it from a backup.', 'devskyy')],
            'audit_broken' => [__('The record of what was done was altered outside DevSkyy.', 'devskyy'), __('Keep a copy of the database, run "devskyy audit verify" where the sidecar lives, and compare with a backup.', 'devskyy')],
            'sealing_key_wrong', 'sealing_key_malformed', 'sealing_key_unreadable', 'kms_failed' => [__('The sidecar cannot open what it keeps sealed.', 'devskyy'), __('Bring back the sealing key that it used before (DEVSKYY_MASTER_KEY or its key file), or pair the shop again.', 'devskyy')],
            'signing_key_missing' => [__('The sidecar could not make a key to sign with.', 'devskyy'), __('Try again in a moment.', 'devskyy')],
            'pdf_font_unreadable' => [__('The sidecar cannot read the font for PDF files.', 'devskyy'), __('Name a TrueType or OpenType file in DEVSKYY_PDF_FONT, or remove that setting.', 'devskyy')],
            default => ['', ''],
        };
    }

    /** Webhooks and connected services. @return array{0: string, 1: string} */
    private static function of_services(string $code): array
    {
        return match ($code) {
            'address_refused', 'address_outside' => [__('The sidecar sends nothing to this address.', 'devskyy'), __('Use a public https:// address. Addresses inside your network must be allowed where the sidecar lives (DEVSKYY_WEBHOOKS_ALLOW_PRIVATE, DEVSKYY_INTEGRATIONS_ALLOW_PRIVATE).', 'devskyy')],
            'unreachable', 'integration_unreachable' => [__('The other service does not answer.', 'devskyy'), __('Check its address, and whether it is up; it is tried again by itself.', 'devskyy')],
            'integration_server_error', 'integration_failing' => [__('The other service has trouble of its own.', 'devskyy'), __('Wait; it is tried again by itself.', 'devskyy')],
            'integration_rate_limited', 'integration_budget' => [__('The other service, or its budget here, takes no more calls for now.', 'devskyy'), __('Wait a minute, or change its calls a minute under Connections.', 'devskyy')],
            'integration_credentials_refused', 'authorization_refused', 'integration_client_refused' => [__('The other service refused its credentials.', 'devskyy'), __('Enter them again under Connections, as the service shows them.', 'devskyy')],
            'integration_address_refused' => [__('The sidecar calls nothing at this service\'s address.', 'devskyy'), __('Connect it again with a public https:// address.', 'devskyy')],
            'integration_token_answer_broken', 'token_answer_broken' => [__('The other service\'s answer holds no token.', 'devskyy'), __('Compare its token address with the service\'s documentation.', 'devskyy')],
            'integration_revoked' => [__('The other service no longer accepts this connection.', 'devskyy'), __('Connect it again under Connections.', 'devskyy')],
            'integration_busy' => [__('The connection is just being renewed.', 'devskyy'), __('Try again in half a minute.', 'devskyy')],
            'integration_exists' => [__('A service of this name is connected already.', 'devskyy'), __('Choose another name, or change the one that is there.', 'devskyy')],
            'too_many', 'too_many_webhooks' => [__('There are too many of these already.', 'devskyy'), __('Remove one that is no longer used.', 'devskyy')],
            'not_oauth2' => [__('This service is not connected by signing in to it.', 'devskyy'), __('Enter its credentials instead.', 'devskyy')],
            'state_unknown', 'state_expired' => [__('The way back from the service came too late, or twice.', 'devskyy'), __('Begin again under Connections; each start is good for ten minutes and once.', 'devskyy')],
            'state_of_another' => [__('Somebody else began this connection.', 'devskyy'), __('Begin again yourself, and follow no links to this page.', 'devskyy')],
            'issuer_mixed_up' => [__('The answer comes from another service than the one you chose.', 'devskyy'), __('Begin again. If it stays, check the addresses of the service.', 'devskyy')],
            'webhook_paused' => [__('This subscription is paused.', 'devskyy'), __('Resume it first.', 'devskyy')],
            'delivery_waiting' => [__('This message is waiting already.', 'devskyy'), __('It is sent by itself.', 'devskyy')],
            default => ['', ''],
        };
    }

    /** Suppliers, purchase orders and places of stock. @return array{0: string, 1: string} */
    private static function of_stock(string $code): array
    {
        return match ($code) {
            'csv_unreadable' => [__('The file cannot be read as a list.', 'devskyy'), __('Save the present list as CSV, change it, and send it back.', 'devskyy')],
            'name_taken' => [__('There is one of this name already.', 'devskyy'), __('Change that one, or choose another name.', 'devskyy')],
            'in_use' => [__('Open purchase orders still need this.', 'devskyy'), __('Delete the drafts, and receive or end what was sent, first.', 'devskyy')],
            'overlap' => [__('Another correction holds on some of these days.', 'devskyy'), __('Delete that one first, or choose other days.', 'devskyy')],
            'no_supplier' => [__('Some of the items have no supplier.', 'devskyy'), __('Give them one under Stock, then try again.', 'devskyy')],
            'not_sendable' => [__('This order cannot be sent as it is.', 'devskyy'), __('Complete the order and its supplier, then look at it again.', 'devskyy')],
            'send_unknown' => [__('The order knows of no such sending.', 'devskyy'), __('Reload the order.', 'devskyy')],
            'not_draft' => [__('Only a draft can be changed; what was sent stands.', 'devskyy'), __('Reload the order to see where it stands.', 'devskyy')],
            'not_sent', 'not_open', 'not_unknown' => [__('The order does not stand where this can be done.', 'devskyy'), __('Reload the order to see where it stands.', 'devskyy')],
            'more_than_ordered' => [__('These are more pieces than were ordered.', 'devskyy'), __('Count again. If they did arrive, say so, and they are received all the same.', 'devskyy')],
            'key_taken' => [__('This was received already in another delivery.', 'devskyy'), __('Reload the order.', 'devskyy')],
            default => ['', ''],
        };
    }
}
