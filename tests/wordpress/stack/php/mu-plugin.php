<?php
/**
 * Plugin Name: Test stack
 * Description: Keeps the shop's mail on this machine: each message becomes a line of JSON in the log folder.
 */

declare(strict_types=1);

add_filter(
	'pre_wp_mail',
	static function ( $sent, array $mail ): bool {
		$line = wp_json_encode( array( 'to' => $mail['to'], 'subject' => $mail['subject'] ) );
		return false !== file_put_contents( DEVSKYY_STACK_LOG . '/mail.jsonl', $line . "\n", FILE_APPEND | LOCK_EX );
	},
	10,
	2
);
