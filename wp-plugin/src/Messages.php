<?php

declare(strict_types=1);

namespace DevSkyy;

/**
 * The sentences of the agents, which the sidecar sends as templates, in the person's language.
 *
 * `languages/agent-messages.php` is generated ("devskyy catalog") and returns a function that returns
 * `['Lower {product} from {old} to {new}.' => __('Lower {product} from {old} to {new}.', 'devskyy'), …]`,
 * so that xgettext finds the templates and `__` runs only when a page asks.
 */
final class Messages
{
    /** @return array<string, string> Only what differs from the template itself. */
    public static function translated(): array
    {
        $file = DEVSKYY_DIR . '/languages/agent-messages.php';
        if (!is_file($file) || str_starts_with(get_user_locale(), 'en_US')) {
            return [];
        }
        $messages = require $file;
        return is_callable($messages) ? array_filter($messages(), static fn (string $text, string $template): bool => $text !== $template, ARRAY_FILTER_USE_BOTH) : [];
    }
}
