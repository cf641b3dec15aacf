<?php

declare(strict_types=1);

namespace DevSkyy;

/** What people, keys and the sidecar do, in the shop's words: for the page Activity and for its file. */
final class Actions
{
    /** @return array<string, string> Every action that the sidecar notes. */
    public static function words(): array
    {
        return self::of_proposals() + self::of_access() + self::of_stock() + [
            'run.ask' => __('Started a run', 'devskyy'),
            'run.cancel' => __('Cancelled a run', 'devskyy'),
            'agent.settings' => __('Changed an agent', 'devskyy'),
            'webhook.subscribe' => __('Set up a webhook', 'devskyy'),
            'webhook.change' => __('Changed a webhook', 'devskyy'),
            'webhook.roll' => __('Gave a webhook a new secret', 'devskyy'),
            'webhook.gone' => __('Webhook ended: its receiver is gone', 'devskyy'),
            'webhook.end' => __('Ended a webhook', 'devskyy'),
            'webhook.test' => __('Tested a webhook', 'devskyy'),
            'webhook.redeliver' => __('Sent a message of a webhook again', 'devskyy'),
            'integration.made' => __('Added a service', 'devskyy'),
            'integration.changed' => __('Changed a service', 'devskyy'),
            'integration.checked' => __('Tested a service', 'devskyy'),
            'integration.authorize' => __('Asked a service for access', 'devskyy'),
            'integration.connected' => __('Connected a service', 'devskyy'),
            'integration.revoked' => __('Disconnected a service', 'devskyy'),
            'integration.removed' => __('Removed a service', 'devskyy'),
            'privacy.erase' => __('Erased a person', 'devskyy'),
            'privacy.export' => __('Exported what is held of a person', 'devskyy'),
            'pairing.made' => __('Connected the shop', 'devskyy'),
            'pairing.moved' => __('Moved the shop to a new address', 'devskyy'),
            'pairing.ended' => __('Disconnected the shop', 'devskyy'),
        ];
    }

    /** @return array<string, string> What the page filters by: starts of actions, separated by commas. */
    public static function groups(): array
    {
        return [
            'proposal.' => __('Proposals', 'devskyy'),
            'run.' => __('Runs', 'devskyy'),
            'agent.' => __('Agents', 'devskyy'),
            'session.,user.locked' => __('Signing in', 'devskyy'),
            'key.,user.,client.' => __('Keys, people, machines', 'devskyy'),
            'purchase.,supplier.,supply.,location.,override.,stock.' => __('Stock and suppliers', 'devskyy'),
            'webhook.,integration.' => __('Other services', 'devskyy'),
            'privacy.' => __('Privacy', 'devskyy'),
            'pairing.' => __('Connection', 'devskyy'),
        ];
    }

    /** @return array<string, string> */
    private static function of_stock(): array
    {
        return [
            'purchase.draft' => __('Drafted a purchase order', 'devskyy'),
            'purchase.change' => __('Changed a purchase order', 'devskyy'),
            'purchase.delete' => __('Deleted the draft of a purchase order', 'devskyy'),
            'purchase.send' => __('Sent a purchase order to its supplier', 'devskyy'),
            'purchase.sent' => __('A purchase order was handed to the mail server', 'devskyy'),
            'purchase.send_failed' => __('A purchase order could not be sent', 'devskyy'),
            'purchase.unknown' => __('It is not known whether a purchase order was sent', 'devskyy'),
            'purchase.mark_sent' => __('Noted that a purchase order was sent', 'devskyy'),
            'purchase.reopen' => __('Made a purchase order a draft again', 'devskyy'),
            'purchase.close' => __('Ended a purchase order', 'devskyy'),
            'purchase.receive' => __('Received goods of a purchase order', 'devskyy'),
            'supplier.add' => __('Added a supplier', 'devskyy'),
            'supplier.change' => __('Changed a supplier', 'devskyy'),
            'supplier.remove' => __('Removed a supplier', 'devskyy'),
            'supply.change' => __('Changed how a product is bought', 'devskyy'),
            'supply.defaults' => __('Changed how products are bought', 'devskyy'),
            'supply.import' => __('Imported how products are bought', 'devskyy'),
            'stock.level' => __('Set a low-stock level', 'devskyy'),
            'override.add' => __('Overrode a forecast', 'devskyy'),
            'override.remove' => __('Let a forecast hold again', 'devskyy'),
            'location.add' => __('Added a place of stock', 'devskyy'),
            'location.change' => __('Changed a place of stock', 'devskyy'),
            'location.remove' => __('Removed a place of stock', 'devskyy'),
            'location.stock' => __('Told what lies at a place of stock', 'devskyy'),
            'location.import' => __('Imported what lies at a place of stock', 'devskyy'),
        ];
    }

    /** @return array<string, string> */
    private static function of_proposals(): array
    {
        return [
            'proposal.approve' => __('Approved a proposal', 'devskyy'),
            'proposal.reject' => __('Rejected a proposal', 'devskyy'),
            'proposal.snooze' => __('Put a proposal off', 'devskyy'),
            'proposal.undo' => __('Asked to undo a change', 'devskyy'),
            'proposal.applying' => __('Change begun', 'devskyy'),
            'proposal.applied' => __('Change applied', 'devskyy'),
            'proposal.stale' => __('Change not made: the shop had changed', 'devskyy'),
            'proposal.failed' => __('Change failed', 'devskyy'),
            'proposal.undone' => __('Change undone', 'devskyy'),
            'proposal.undo_failed' => __('Undo failed', 'devskyy'),
        ];
    }

    /** @return array<string, string> */
    private static function of_access(): array
    {
        return [
            'key.made' => __('Made an API key', 'devskyy'),
            'key.revoked' => __('Ended an API key', 'devskyy'),
            'client.made' => __('Added a machine', 'devskyy'),
            'client.revoked' => __('Ended a machine', 'devskyy'),
            'user.made' => __('Made a login', 'devskyy'),
            'user.changed' => __('Changed a login', 'devskyy'),
            'user.lowered' => __('Login lowered with its WordPress user', 'devskyy'),
            'user.disabled' => __('Login switched off with its WordPress user', 'devskyy'),
            'user.deleted' => __('Removed a login', 'devskyy'),
            'user.locked' => __('Login locked after wrong passwords', 'devskyy'),
            'session.started' => __('Signed in', 'devskyy'),
            'session.refused' => __('Wrong password', 'devskyy'),
            'session.ended' => __('Session ended', 'devskyy'),
            'session.reused' => __('Stolen sign-in suspected, session ended', 'devskyy'),
        ];
    }
}
