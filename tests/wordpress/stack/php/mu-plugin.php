<?php

/**
 * Plugin Name: Test stack
 * Description: Keeps the shop to itself: mail becomes lines of JSON in the log folder, and nobody is asked for updates.
 */

declare(strict_types=1);

add_filter(
    'pre_wp_mail',
    static function ($sent, array $mail): bool {
        $files = array_map(static fn (string $path): string => base64_encode((string) file_get_contents($path)), (array) ($mail['attachments'] ?? []));
        $line = wp_json_encode(['to' => $mail['to'], 'subject' => $mail['subject'], 'text' => $mail['message'], 'headers' => $mail['headers'], 'files' => $files]);
        return false !== file_put_contents(DEVSKYY_STACK_LOG . '/mail.jsonl', $line . "\n", FILE_APPEND | LOCK_EX);
    },
    10,
    2
);

add_action(
    'muplugins_loaded',
    static function (): void {
        remove_action('init', 'wp_schedule_update_checks');
        foreach (['core' => 'wp_version_check', 'plugins' => 'wp_update_plugins', 'themes' => 'wp_update_themes'] as $what => $check) {
            remove_action('admin_init', "_maybe_update_{$what}");
            remove_action($check, $check);
            remove_action("load-{$what}.php", $check);
            remove_action('load-update-core.php', $check);
        }
    }
);
