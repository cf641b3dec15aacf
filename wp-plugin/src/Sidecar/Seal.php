<?php

declare(strict_types=1);

namespace DevSkyy\Sidecar;

/** Seals secrets at rest with AES-256-GCM; the key comes from DEVSKYY_SEAL_KEY or else from the site's salts. */
final class Seal
{
    private const CIPHER = 'aes-256-gcm';

    public static function close(string $plain, string $purpose): string
    {
        $nonce = random_bytes(12);
        $sealed = openssl_encrypt($plain, self::CIPHER, self::key(), OPENSSL_RAW_DATA, $nonce, $tag, $purpose);
        return 'v1.' . Signature::encode($nonce . $tag . $sealed);
    }

    /** The sealed text, or null when it was sealed with another key, for another purpose, or was altered. */
    public static function open(string $sealed, string $purpose): ?string
    {
        $raw = str_starts_with($sealed, 'v1.') ? Signature::decode(substr($sealed, 3)) : '';
        if (strlen($raw) < 28) {
            return null;
        }
        $plain = openssl_decrypt(substr($raw, 28), self::CIPHER, self::key(), OPENSSL_RAW_DATA, substr($raw, 0, 12), substr($raw, 12, 16), $purpose);
        return $plain === false ? null : $plain;
    }

    private static function key(): string
    {
        $material = defined('DEVSKYY_SEAL_KEY') ? (string) constant('DEVSKYY_SEAL_KEY') : wp_salt('auth') . wp_salt('secure_auth');
        return hash_hkdf('sha256', $material, 32, 'devskyy-seal-v1');
    }
}
