<?php

declare(strict_types=1);

namespace DevSkyy;

use DevSkyy\Sidecar\Answers;

/** What the plugin's own tables hold about a person: who had a change written, and events of an account. */
final class Own_Data
{
    /** Changes under way are settled as the person who approved them. */
    private const UNDER_WAY = "'applying', 'undoing'";

    /** @return list<array> Items in the form of WordPress's export. */
    public static function export(string $email): array
    {
        global $wpdb;
        $user = self::user($email);
        if ($user < 1) {
            return [];
        }
        $items = [];
        foreach ($wpdb->get_results($wpdb->prepare('SELECT id, resource, state, at FROM %i WHERE user_id = %d ORDER BY id', Database::ledger(), $user)) as $row) {
            $items[] = self::item('ledger', __('DevSkyy: changes that you approved', 'devskyy'), (int) $row->id, [
                __('What', 'devskyy') => $row->resource,
                __('State', 'devskyy') => $row->state,
                __('When', 'devskyy') => (string) Time::from_sql($row->at),
            ]);
        }
        foreach ($wpdb->get_results($wpdb->prepare("SELECT seq, type, at FROM %i WHERE resource = 'customers' AND resource_id = %d ORDER BY seq", Database::outbox(), $user)) as $row) {
            $items[] = self::item('outbox', __('DevSkyy: news about your account that wait to be sent', 'devskyy'), (int) $row->seq, [
                __('What', 'devskyy') => $row->type,
                __('When', 'devskyy') => (string) Time::from_sql($row->at),
            ]);
        }
        return $items;
    }

    /** Takes the person out of the plugin's tables; how many rows that were. What the change did, and its undo, stay. */
    public static function erase(string $email): int
    {
        global $wpdb;
        // Answers of the sidecar kept for when it is away: they may name who decided.
        Answers::forget();
        $user = self::user($email);
        if ($user < 1) {
            return 0;
        }
        // phpcs:ignore WordPress.DB.PreparedSQL -- a constant
        $rows = (int) $wpdb->query($wpdb->prepare('UPDATE %i SET user_id = 0 WHERE user_id = %d AND state NOT IN (' . self::UNDER_WAY . ')', Database::ledger(), $user));
        $rows += (int) $wpdb->query($wpdb->prepare("DELETE FROM %i WHERE resource = 'customers' AND resource_id = %d", Database::outbox(), $user));
        return $rows;
    }

    private static function user(string $email): int
    {
        $user = get_user_by('email', $email);
        return $user ? (int) $user->ID : 0;
    }

    /** @param array<string, string> $values */
    private static function item(string $table, string $label, int $id, array $values): array
    {
        $data = array_map(static fn (string $name, string $value): array => ['name' => $name, 'value' => esc_html($value)], array_keys($values), array_values($values));
        return ['group_id' => "devskyy-plugin-$table", 'group_label' => $label, 'item_id' => "devskyy-plugin-$table-$id", 'data' => $data];
    }
}
