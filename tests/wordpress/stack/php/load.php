<?php

/**
 * Loads WordPress for a script on the command line: `php SCRIPT <site folder>`, input as JSON on standard input.
 */

declare(strict_types=1);

$site  = rtrim($argv[1], '/');
$input = json_decode((string) stream_get_contents(STDIN), true, 64, JSON_THROW_ON_ERROR);

$_SERVER['HTTP_HOST']      ??= '127.0.0.1';
$_SERVER['SERVER_NAME']    ??= '127.0.0.1';
$_SERVER['REQUEST_URI']    ??= '/';
$_SERVER['REQUEST_METHOD'] ??= 'GET';
$_SERVER['REMOTE_ADDR']    ??= '127.0.0.1';

require $site . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/admin.php';
