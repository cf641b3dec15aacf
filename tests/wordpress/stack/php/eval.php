<?php

/**
 * Runs the code from standard input inside the shop and prints what it returned, as JSON behind a marker.
 */

declare(strict_types=1);

require __DIR__ . '/load.php';

if (isset($input['user'])) {
    $person = get_user_by('login', $input['user']);
    if (! $person) {
        throw new RuntimeException('No such user: ' . $input['user']);
    }
    wp_set_current_user($person->ID);
}
$run    = static function (array $args) use ($input) {
    return eval($input['code']); // phpcs:ignore Squiz.PHP.Eval.Discouraged -- this is what the script is for.
};
$result = $run($input['args']);
if (is_wp_error($result)) {
    $result = [
        'code'    => $result->get_error_code(),
        'message' => $result->get_error_message(),
        'data'    => $result->get_error_data(),
    ];
}
echo "\n@@result@@" . wp_json_encode($result);
