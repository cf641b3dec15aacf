<?php

declare(strict_types=1);

namespace DevSkyy\Sidecar;

use DevSkyy\Database;
use DevSkyy\Time;

/** The last good answer to each question, shown with its age while the sidecar is away. */
final class Answers
{
    private const KEEP = 100;
    private const MAX_BYTES = 1_000_000;

    public static function remember(string $path, string $body): void
    {
        global $wpdb;
        if (strlen($body) > self::MAX_BYTES) {
            return;
        }
        $wpdb->replace(Database::answers(), ['answer_key' => self::key($path), 'body' => $body, 'at' => Time::sql()]);
        // Trimming now and then is enough: the table may hold a few rows more for a while.
        if (random_int(1, 20) === 1) {
            self::trim();
        }
    }

    /** @return array{0: \stdClass, 1: int}|null The answer and its time as a timestamp. */
    public static function recall(string $path): ?array
    {
        global $wpdb;
        $row = $wpdb->get_row($wpdb->prepare('SELECT body, at FROM %i WHERE answer_key = %s', Database::answers(), self::key($path)));
        $body = $row ? json_decode($row->body) : null;
        return $body instanceof \stdClass ? [$body, (int) strtotime($row->at . ' UTC')] : null;
    }

    public static function forget(): void
    {
        global $wpdb;
        $wpdb->query($wpdb->prepare('DELETE FROM %i', Database::answers()));
    }

    private static function trim(): void
    {
        global $wpdb;
        $oldest = $wpdb->get_var($wpdb->prepare('SELECT at FROM %i ORDER BY at DESC LIMIT 1 OFFSET %d', Database::answers(), self::KEEP));
        if ($oldest !== null) {
            $wpdb->query($wpdb->prepare('DELETE FROM %i WHERE at <= %s', Database::answers(), $oldest));
        }
    }

    private static function key(string $path): string
    {
        return hash('sha256', Connection::shop_id() . ' ' . $path);
    }
}
