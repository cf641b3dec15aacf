<?php

declare(strict_types=1);

namespace DevSkyy\Tests;

use DevSkyy\Changes\Canonical_Json;
use DevSkyy\Export\Export;
use DevSkyy\Sidecar\Seal;
use DevSkyy\Sidecar\Signature;

/** The vectors that Python checks too: tests/fixtures/signature_vectors.json. */
final class Signature_Test extends Shop_Test_Case
{
    private static function vectors(): \stdClass
    {
        return json_decode((string) file_get_contents(dirname(__DIR__) . '/fixtures/signature_vectors.json'), false, 64, JSON_THROW_ON_ERROR);
    }

    private static function query(array $pairs): array
    {
        $query = [];
        foreach ($pairs as [$key, $value]) {
            $query[$key][] = $value;
        }
        return $query;
    }

    public function test_canonical_paths(): void
    {
        foreach (self::vectors()->canonical_paths as $vector) {
            self::assertSame($vector->canonical, Signature::canonical_path($vector->path, self::query($vector->query)), $vector->name);
        }
    }

    public function test_tokens_of_the_sidecar(): void
    {
        $vectors = self::vectors();
        $checked = 0;
        foreach ($vectors->tokens as $vector) {
            if (($vector->token ?? '') === '' || $vector->expect === 'signature_missing') {
                continue; // A missing header is refused before there is a token: see Access_Test.
            }
            $request = $vector->request;
            $path = Signature::canonical_path($request->path, self::query($request->query));
            $result = Signature::verify($vector->token, Signature::decode($vectors->key), $request->aud, $request->method, $path, $request->body, $vector->now);
            self::assertSame($vector->expect, is_wp_error($result) ? $result->get_error_code() : 'ok', $vector->name);
            $checked++;
        }
        self::assertGreaterThan(10, $checked);
    }

    public function test_what_we_sign_the_other_side_reads(): void
    {
        $claims = Signature::claims('plugin', 'shop', 'post', '/api/v1/events', '{}', ['site' => 's'], 1795500000);
        $token = Signature::token($claims, self::SECRET);
        [$head, $body, $signature] = explode('.', $token);
        self::assertSame(['alg' => 'HS256', 'typ' => 'JWT'], json_decode(Signature::decode($head), true));
        self::assertSame($claims, json_decode(Signature::decode($body), true));
        self::assertSame(hash_hmac('sha256', "$head.$body", self::SECRET, true), Signature::decode($signature));
        self::assertSame('signature_invalid', Signature::verify($token, self::SECRET, 'shop', 'POST', '/api/v1/events', '{}', 1795500000)->get_error_code(), 'reflection');
    }

    public function test_digests(): void
    {
        foreach (self::vectors()->digests as $vector) {
            self::assertSame($vector->canonical, Canonical_Json::encode((object) ['id' => $vector->id, 'changes' => $vector->changes]), $vector->name);
            self::assertSame($vector->digest, Canonical_Json::digest($vector->id, $vector->changes), $vector->name);
        }
    }

    public function test_a_float_has_no_digest(): void
    {
        self::assertSame('', Canonical_Json::digest('x', [(object) ['to' => 1.5]]));
    }

    public function test_email_hashes_and_postcode_areas(): void
    {
        $connection = \DevSkyy\Sidecar\Connection::get();
        foreach (self::vectors()->postcode_areas as $vector) {
            self::assertSame($vector->area, Export::postcode_area($vector->postcode));
        }
        self::assertNotEmpty($connection);
        self::assertNull(Export::email_hash(''));
        self::assertSame(Export::email_hash('anna@example.test'), Export::email_hash(' Anna@Example.TEST '));
        self::assertSame(substr(hash_hmac('sha256', 'anna@example.test', str_repeat('k', 32)), 0, 32), Export::email_hash('anna@example.test'));
    }

    public function test_a_seal_opens_only_for_its_purpose_and_unaltered(): void
    {
        $sealed = Seal::close('secret', 'secret');
        self::assertStringNotContainsString('secret', $sealed);
        self::assertSame('secret', Seal::open($sealed, 'secret'));
        self::assertNull(Seal::open($sealed, 'hash_key'));
        self::assertNull(Seal::open(substr($sealed, 0, -2) . (str_ends_with($sealed, 'A') ? 'B' : 'A') . 'A', 'secret'));
        self::assertNull(Seal::open('nonsense', 'secret'));
    }
}
