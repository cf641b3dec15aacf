<?php

declare(strict_types=1);

namespace DevSkyy\Sidecar;

use WP_Error;

/** Signs and checks requests between the two sides: HS256 tokens over method, path, query and body (docs/protocol.md, section 1). */
final class Signature
{
    public const LIFETIME = 60;
    public const LEEWAY = 30;

    /** Base64url without padding. */
    public static function encode(string $bytes): string
    {
        return rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
    }

    /** The bytes of a base64url text with or without padding; an empty string when it is none. */
    public static function decode(string $text): string
    {
        $bytes = base64_decode(strtr(rtrim(trim($text), '='), '-_', '+/'), true);
        return $bytes === false ? '' : $bytes;
    }

    /**
     * The path with its query in the one order and encoding that both sides sign.
     *
     * @param array<string, scalar|list<scalar>> $query Decoded pairs; a list repeats its key.
     */
    public static function canonical_path(string $path, array $query = []): string
    {
        $pairs = [];
        foreach ($query as $key => $values) {
            foreach (is_array($values) ? $values : [$values] as $value) {
                $pairs[] = [rawurlencode((string) $key), rawurlencode(self::text($value))];
            }
        }
        usort($pairs, static fn (array $a, array $b): int => strcmp($a[0], $b[0]) ?: strcmp($a[1], $b[1]));
        return $pairs === [] ? $path : $path . '?' . implode('&', array_map(static fn (array $pair): string => "$pair[0]=$pair[1]", $pairs));
    }

    /** @param array<string, mixed> $claims */
    public static function token(array $claims, string $key): string
    {
        $head = self::encode('{"alg":"HS256","typ":"JWT"}') . '.' . self::encode((string) wp_json_encode($claims, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE));
        return $head . '.' . self::encode(hash_hmac('sha256', $head, $key, true));
    }

    /**
     * The claims of one request.
     *
     * @param array<string, mixed> $more Such as `site`, `home`, `who`.
     */
    public static function claims(string $iss, string $aud, string $method, string $canonical_path, string $body, array $more = [], ?int $now = null): array
    {
        $now ??= time();
        return [
            'iss' => $iss,
            'aud' => $aud,
            'iat' => $now,
            'exp' => $now + self::LIFETIME,
            'jti' => bin2hex(random_bytes(16)),
            'm' => strtoupper($method),
            'p' => $canonical_path,
            'bh' => hash('sha256', $body),
        ] + $more;
    }

    /** Checks a token from the sidecar against the request it came with; answers its claims or the refusal. */
    public static function verify(string $token, string $key, string $aud, string $method, string $canonical_path, string $body, ?int $now = null): array|WP_Error
    {
        $now ??= time();
        $claims = self::read($token, $key);
        if ($claims === null || ($claims['iss'] ?? '') !== 'sidecar') {
            return Error_Hints::error('signature_invalid', 401);
        }
        if (!is_int($claims['iat'] ?? null) || !is_int($claims['exp'] ?? null) || $claims['exp'] - $claims['iat'] > self::LIFETIME) {
            return Error_Hints::error('signature_invalid', 401);
        }
        $late = $now - self::LEEWAY - $claims['exp'];
        if ($claims['iat'] > $now + self::LEEWAY || ($late > 0 && $late < DAY_IN_SECONDS)) {
            return Error_Hints::error('clock_skew', 401, '', ['details' => ['skew_seconds' => $now - $claims['iat']]]);
        }
        if ($late > 0) {
            return Error_Hints::error('signature_expired', 401);
        }
        if (!is_string($claims['aud'] ?? null) || !hash_equals($aud, $claims['aud'])) {
            return Error_Hints::error('audience_mismatch', 401);
        }
        $same = ($claims['m'] ?? '') === strtoupper($method) && ($claims['p'] ?? '') === $canonical_path && ($claims['bh'] ?? '') === hash('sha256', $body);
        return $same ? $claims : Error_Hints::error('request_altered', 401);
    }

    /** The claims of a token that this key signed with HS256, else null. */
    private static function read(string $token, string $key): ?array
    {
        $parts = explode('.', $token);
        if (count($parts) !== 3 || strlen($token) > 8192) {
            return null;
        }
        $head = json_decode(self::decode($parts[0]), true);
        $claims = json_decode(self::decode($parts[1]), true);
        if (!is_array($head) || ($head['alg'] ?? '') !== 'HS256' || !is_array($claims)) {
            return null;
        }
        $expected = hash_hmac('sha256', $parts[0] . '.' . $parts[1], $key, true);
        return hash_equals($expected, self::decode($parts[2])) ? $claims : null;
    }

    private static function text(mixed $value): string
    {
        return is_bool($value) ? ($value ? 'true' : 'false') : (string) $value;
    }
}
