<?php

declare(strict_types=1);

namespace DevSkyy;

/** The plugin's three tables: outbox, ledger and last answers. */
final class Database
{
    public const VERSION = 1;

    public static function outbox(): string
    {
        return $GLOBALS['wpdb']->prefix . 'devskyy_outbox';
    }

    public static function ledger(): string
    {
        return $GLOBALS['wpdb']->prefix . 'devskyy_ledger';
    }

    public static function answers(): string
    {
        return $GLOBALS['wpdb']->prefix . 'devskyy_answers';
    }

    /** Creates or alters the tables when the stored schema version differs. */
    public static function upgrade(): void
    {
        if ((int) get_option('devskyy_schema') === self::VERSION) {
            return;
        }
        require_once ABSPATH . 'wp-admin/includes/upgrade.php';
        $collate = $GLOBALS['wpdb']->get_charset_collate();
        dbDelta('CREATE TABLE ' . self::outbox() . " (
seq bigint(20) unsigned NOT NULL auto_increment,
event_id char(36) NOT NULL,
type varchar(40) NOT NULL,
resource varchar(20) NOT NULL,
resource_id bigint(20) unsigned NOT NULL,
at datetime NOT NULL,
origin varchar(80) NULL,
version varchar(64) NOT NULL,
state varchar(10) NOT NULL,
message varchar(500) NULL,
PRIMARY KEY  (seq),
KEY state (state, seq)
) $collate;");
        dbDelta('CREATE TABLE ' . self::ledger() . " (
id bigint(20) unsigned NOT NULL auto_increment,
change_id varchar(80) NOT NULL,
proposal varchar(64) NOT NULL,
n int(10) unsigned NOT NULL,
kind varchar(10) NOT NULL,
resource varchar(190) NOT NULL,
change_set longtext NOT NULL,
state varchar(12) NOT NULL,
user_id bigint(20) unsigned NOT NULL,
at datetime NOT NULL,
message varchar(500) NULL,
outcome varchar(12) NOT NULL,
reported tinyint(1) NOT NULL,
PRIMARY KEY  (id),
UNIQUE KEY change_id (change_id),
KEY proposal (proposal),
KEY state (state),
KEY reported (reported)
) $collate;");
        dbDelta('CREATE TABLE ' . self::answers() . " (
answer_key char(64) NOT NULL,
body longtext NOT NULL,
at datetime NOT NULL,
PRIMARY KEY  (answer_key),
KEY at (at)
) $collate;");
        update_option('devskyy_schema', self::VERSION);
    }

    /** Takes a named lock of this site for the connection's life; false when another request holds it. */
    public static function lock(string $name, int $wait = 0): bool
    {
        global $wpdb;
        return (string) $wpdb->get_var($wpdb->prepare('SELECT GET_LOCK(%s, %d)', self::lock_name($name), $wait)) === '1';
    }

    public static function unlock(string $name): void
    {
        global $wpdb;
        $wpdb->get_var($wpdb->prepare('SELECT RELEASE_LOCK(%s)', self::lock_name($name)));
    }

    private static function lock_name(string $name): string
    {
        // Locks are server-wide and at most 64 characters: hash in what tells two sites apart.
        return 'devskyy_' . md5(DB_NAME . '|' . $GLOBALS['wpdb']->prefix . '|' . $name);
    }
}
