<?php

/**
 * Router for PHP's own web server: files as they are, everything else through WordPress's index.php.
 */

declare(strict_types=1);

$root = $_SERVER['DOCUMENT_ROOT'];
$path = rawurldecode((string) parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH));

if (str_contains($path, '..') || str_contains($path, "\0")) {
    http_response_code(400);
    return true;
}
// The tests' way into the loaded shop, quicker than a process of its own that compiles everything anew.
if ($path === '/@php') {
    $known = json_decode((string) file_get_contents(dirname($root) . '/stack.json'), true)['door'];
    if (! hash_equals($known, $_SERVER['HTTP_X_DOOR'] ?? '')) {
        http_response_code(403);
        return true;
    }
    require __DIR__ . '/eval.php';
    return true;
}
if (is_dir($root . $path) && is_file($root . rtrim($path, '/') . '/index.php')) {
    if (! str_ends_with($path, '/')) {
        header('Location: ' . $path . '/', true, 301);
        return true;
    }
    $path .= 'index.php';
}
if (is_file($root . $path) && ! str_ends_with($path, '.php')) {
    $kinds = ['js' => 'text/javascript', 'css' => 'text/css', 'svg' => 'image/svg+xml', 'woff2' => 'font/woff2'];
    $kind  = $kinds[pathinfo($path, PATHINFO_EXTENSION)] ?? null;
    if (! isset($_GET['ver']) || $kind === null) {
        return false;
    }
    header('Content-Type: ' . $kind);
    header('Cache-Control: public, max-age=86400, immutable');
    readfile($root . $path);
    return true;
}

// As behind a real web server: the script's own name, and the working folder of that script.
$script                     = is_file($root . $path) ? $path : '/index.php';
$_SERVER['SCRIPT_NAME']     = $script;
$_SERVER['PHP_SELF']        = $script;
$_SERVER['SCRIPT_FILENAME'] = $root . $script;
chdir(dirname($root . $script));
require $root . $script;
return true;
