<?php

/**
 * Loads WordPress for a script: `php SCRIPT <site folder>` with its input as JSON on standard input, or a request
 * that the router lets through with the input as its body.
 */

declare(strict_types=1);

$site  = rtrim($argv[1] ?? $_SERVER['DOCUMENT_ROOT'], '/');
$input = json_decode((string) file_get_contents(PHP_SAPI === 'cli' ? 'php://stdin' : 'php://input'), true, 64, JSON_THROW_ON_ERROR);

$_SERVER['HTTP_HOST']     ??= '127.0.0.1';
$_SERVER['SERVER_NAME']   ??= '127.0.0.1';
$_SERVER['REMOTE_ADDR']   ??= '127.0.0.1';
$_SERVER['REQUEST_URI']    = '/';
$_SERVER['REQUEST_METHOD'] = 'GET';

require $site . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/admin.php';
