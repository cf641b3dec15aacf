<?php

declare(strict_types=1);

namespace DevSkyy;

/** The one spelling of time on the wire: UTC, ISO 8601, seconds, `Z`. */
final class Time
{
    public static function now(): string
    {
        return gmdate('Y-m-d\TH:i:s\Z');
    }

    public static function sql(?int $timestamp = null): string
    {
        return gmdate('Y-m-d H:i:s', $timestamp ?? time());
    }

    /** A database time (UTC) on the wire; null for an empty or zero one. */
    public static function from_sql(?string $value): ?string
    {
        return $value === null || $value === '' || str_starts_with($value, '0000') ? null : str_replace(' ', 'T', $value) . 'Z';
    }

    public static function from_object(?\DateTimeInterface $value): ?string
    {
        return $value === null ? null : gmdate('Y-m-d\TH:i:s\Z', $value->getTimestamp());
    }
}
