<?php

declare(strict_types=1);

namespace DevSkyy\Changes;

/** JSON in exactly one spelling, so that two languages hash the same: Python's `json.dumps(sort_keys=True, separators=(",", ":"), ensure_ascii=False)`. */
final class Canonical_Json
{
    private const FLAGS = JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_LINE_TERMINATORS | JSON_THROW_ON_ERROR;

    /**
     * Encodes what json_decode made with objects kept (stdClass), so that `{}` and `[]` stay apart.
     *
     * @throws \InvalidArgumentException On a float: two languages do not spell them alike.
     */
    public static function encode(mixed $value): string
    {
        if (is_float($value)) {
            throw new \InvalidArgumentException('Changes hold no floats.');
        }
        if (is_array($value) && array_is_list($value)) {
            return '[' . implode(',', array_map([self::class, 'encode'], $value)) . ']';
        }
        if (!is_array($value) && !$value instanceof \stdClass) {
            return json_encode($value, self::FLAGS);
        }
        $members = (array) $value;
        // As bytes: UTF-8 sorts by code point that way.
        uksort($members, static fn ($a, $b): int => strcmp((string) $a, (string) $b));
        $parts = [];
        foreach ($members as $key => $member) {
            $parts[] = json_encode((string) $key, self::FLAGS) . ':' . self::encode($member);
        }
        return '{' . implode(',', $parts) . '}';
    }

    /** The digest of what a person approves; an empty string when the changes cannot be hashed. */
    public static function digest(string $proposal, array $changes): string
    {
        try {
            return hash('sha256', self::encode((object) ['id' => $proposal, 'changes' => $changes]));
        } catch (\InvalidArgumentException | \JsonException) {
            return '';
        }
    }
}
