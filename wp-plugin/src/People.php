<?php

declare(strict_types=1);

namespace DevSkyy;

use DevSkyy\Events\Drain;
use DevSkyy\Sidecar\Client;
use DevSkyy\Sidecar\Connection;
use WP_Error;
use WP_User;

/**
 * Tells the sidecar when what a WordPress user may do has changed, so that their sign-ins, keys and machines there follow.
 *
 * A change is noted in the outbox's table at once, in a state of its own that the events pass over, and told by the drain: no shopper waits for
 * it and a sidecar that is away hears it later. What is noted is only the user's number; what is told is what the user may do by then.
 */
final class People
{
    private const STATE = 'people';
    /** Instead of a user: all whom the sidecar knows. */
    private const ALL = 0;
    private const DAILY = 'devskyy_people_told';
    private const BATCH = 500;

    /** As CAPABILITIES of sidecar/security/roles.py, the highest first. */
    private const ROLES = [
        'manage_options' => 'owner',
        'manage_woocommerce' => 'manager',
        'view_woocommerce_reports' => 'analyst',
        'edit_shop_orders' => 'support',
        'read' => 'read-only',
    ];
    /** Roles of people who never had anything to lose: shoppers who register. */
    private const NEW_AND_HARMLESS = [null, 'read-only'];

    /** @var array<int, bool> Whom this request has noted. */
    private static array $noted = [];

    public static function register(): void
    {
        // Every way to another role or capability ends in this one meta value: the profile, bulk actions, plugins, WP-CLI.
        foreach (['added_user_meta', 'updated_user_meta', 'deleted_user_meta'] as $hook) {
            add_action($hook, static fn ($ids, $user, $key) => self::meta($hook, (int) $user, (string) $key), 20, 3);
        }
        foreach (['deleted_user', 'granted_super_admin', 'revoked_super_admin', 'remove_user_from_blog'] as $hook) {
            add_action($hook, static fn ($user) => self::note((int) $user), 20);
        }
        add_action('profile_update', [self::class, 'profile'], 20, 2);
        add_action('update_option_' . $GLOBALS['wpdb']->get_blog_prefix() . 'user_roles', [self::class, 'everybody']);
        add_action(Tick::HOOK, [self::class, 'daily'], 5);
    }

    /** What the sidecar calls a user's rights, or null for somebody without any or who is gone. */
    public static function role(WP_User $user): ?string
    {
        if (!$user->exists()) {
            return null;
        }
        foreach (self::ROLES as $capability => $role) {
            if ($user->has_cap($capability)) {
                return $role;
            }
        }
        return null;
    }

    /** Notes that a user changed. */
    public static function note(int $user): void
    {
        global $wpdb;
        if (isset(self::$noted[$user]) || !Connection::paired()) {
            return;
        }
        self::$noted[$user] = true;
        $wpdb->insert(Database::outbox(), [
            'event_id' => wp_generate_uuid4(),
            'type' => 'people.changed',
            'resource' => 'people',
            'resource_id' => $user,
            'at' => Time::sql(),
            'version' => Time::now(),
            'state' => self::STATE,
        ]);
        Drain::soon();
    }

    /** After pairing, and when a role itself was given or denied a capability: all whom the sidecar knows are told anew. */
    public static function everybody(): void
    {
        self::note(self::ALL);
    }

    /** Once a day all are told, for what no hook saw: a restored backup, a change in the database. */
    public static function daily(): void
    {
        if (!get_transient(self::DAILY)) {
            set_transient(self::DAILY, 1, DAY_IN_SECONDS);
            self::everybody();
        }
    }

    public static function waiting(): bool
    {
        return self::rows(1) !== [];
    }

    /** Tells what waits, oldest first, until nothing waits or an end time; answers the first error that is worth trying again. */
    public static function send(?float $end = null, array $options = []): bool|WP_Error
    {
        while (($rows = self::rows(self::BATCH)) !== []) {
            $users = array_unique(array_map(static fn (\stdClass $row): int => (int) $row->resource_id, $rows));
            if (in_array(self::ALL, $users, true)) {
                $known = self::known($options);
                if (is_wp_error($known)) {
                    return $known;
                }
                $users = array_values(array_unique([...$users, ...$known]));
            }
            foreach (array_chunk(array_values(array_diff($users, [self::ALL])), self::BATCH) as $some) {
                $told = self::tell($some, $options);
                if (is_wp_error($told)) {
                    return $told;
                }
            }
            self::remove($rows);
            if ($end !== null && microtime(true) >= $end) {
                break;
            }
        }
        return true;
    }

    /** @param int $user Whose capabilities changed; meta values of other names are nobody's business here. */
    private static function meta(string $hook, int $user, string $key): void
    {
        if ($key !== $GLOBALS['wpdb']->get_blog_prefix() . 'capabilities') {
            return;
        }
        if ($hook === 'added_user_meta' && in_array(self::role(new WP_User($user)), self::NEW_AND_HARMLESS, true)) {
            return;
        }
        self::note($user);
    }

    /** A profile was saved: only another login name matters, roles come by their own hook. */
    public static function profile(int $user, mixed $before): void
    {
        if ($before instanceof WP_User || $before instanceof \stdClass) {
            (new WP_User($user))->user_login === ($before->user_login ?? '') || self::note($user);
        }
    }

    private static function tell(array $users, array $options): bool|WP_Error
    {
        $answer = Client::request('POST', '/api/v1/access/people', [], ['people' => array_map([self::class, 'describe'], $users)], $options);
        if (!is_wp_error($answer)) {
            return true;
        }
        if (!in_array((int) ($answer->get_error_data()['status'] ?? 0), [400, 404, 405, 413, 422], true)) {
            return $answer;
        }
        // A sidecar too old for this, or one that finds no sense in it: asking again would not help and would hold everything else up.
        wc_get_logger()->error('The sidecar did not take the roles of users ' . implode(', ', $users) . ': ' . $answer->get_error_message(), ['source' => 'devskyy']);
        return true;
    }

    /** What a user may do now, as it goes over the wire. */
    private static function describe(int $id): array
    {
        // Read past the caches: another request may have changed the user since this one began.
        wp_cache_delete($id, 'users');
        wp_cache_delete($id, 'user_meta');
        $user = new WP_User($id);
        return ['id' => $id, 'login' => (string) $user->user_login, 'role' => self::role($user)] + ($user->exists() ? [] : ['deleted' => true]);
    }

    /** @return list<int>|WP_Error WordPress users who own something at the sidecar. */
    private static function known(array $options): array|WP_Error
    {
        $answer = Client::request('GET', '/api/v1/access/owners', [], null, $options);
        if (!is_wp_error($answer)) {
            return array_map('intval', (array) ($answer->ids ?? []));
        }
        return (int) ($answer->get_error_data()['status'] ?? 0) === 404 ? [] : $answer;
    }

    /** @return list<\stdClass> */
    private static function rows(int $limit): array
    {
        global $wpdb;
        return $wpdb->get_results($wpdb->prepare('SELECT seq, resource_id FROM %i WHERE state = %s ORDER BY seq LIMIT %d', Database::outbox(), self::STATE, $limit));
    }

    private static function remove(array $rows): void
    {
        global $wpdb;
        $seqs = implode(',', array_map(static fn (\stdClass $row): int => (int) $row->seq, $rows));
        $wpdb->query($wpdb->prepare("DELETE FROM %i WHERE state = %s AND seq IN ($seqs)", Database::outbox(), self::STATE));
        // A change later in this request is news again.
        self::$noted = [];
    }
}
