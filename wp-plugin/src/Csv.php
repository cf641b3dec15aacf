<?php

declare(strict_types=1);

namespace DevSkyy;

/** Lines of a CSV file after RFC 4180 that a spreadsheet opens as text and never as formulas (OWASP, CSV injection). */
final class Csv
{
    /** Tells spreadsheets that the file is UTF-8. */
    public const BOM = "\xEF\xBB\xBF";
    private const SPACE = '[\s"\'\x{00A0}\x{200B}\x{FEFF}]*';
    /** How a formula starts, also in full width, which Excel takes for the same. */
    private const SIGN = '[=+\-@\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}]';

    /** @param list<scalar|null> $cells */
    public static function line(array $cells): string
    {
        return implode(',', array_map([self::class, 'cell'], $cells)) . "\r\n";
    }

    /** One cell, quoted where it has to be; what could be a formula starts with an apostrophe. */
    public static function cell(mixed $value): string
    {
        $text = str_replace("\0", '', wp_scrub_utf8(is_bool($value) ? ($value ? '1' : '0') : (string) $value));
        // Where the list separator is another than the comma, a spreadsheet may begin a new cell in the middle of this one.
        $text = (string) preg_replace('/([;\t\r\n]' . self::SPACE . ')(?=' . self::SIGN . ')/u', "$1'", $text);
        if (preg_match('/^(?:[\t\r\n]|' . self::SPACE . self::SIGN . ')/u', $text)) {
            $text = "'" . $text;
        }
        return preg_match('/[",;\t\r\n]|^\s|\s$/', $text) ? '"' . str_replace('"', '""', $text) . '"' : $text;
    }
}
