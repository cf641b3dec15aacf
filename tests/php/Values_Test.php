<?php

declare(strict_types=1);

namespace DevSkyy\Tests;

use DevSkyy\Changes\Values;
use PHPUnit\Framework\TestCase;

final class Values_Test extends TestCase
{
    /** @dataProvider pairs */
    public function test_same(bool $same, string $path, mixed $a, mixed $b): void
    {
        self::assertSame($same, Values::same($path, $a, $b));
        self::assertSame($same, Values::same($path, $b, $a));
    }

    public function pairs(): array
    {
        return [
            'numbers by value' => [true, 'regular_price', '20', '20.00'],
            'a number and an integer' => [true, 'low_stock_amount', 5, '5'],
            'zero is not empty' => [false, 'low_stock_amount', 0, null],
            'negative zero' => [true, 'regular_price', '-0.00', '0'],
            'beyond float precision' => [false, 'regular_price', '9007199254740993', '9007199254740992'],
            'other numbers' => [false, 'regular_price', '20.01', '20'],
            'null is empty' => [true, 'sale_price', null, ''],
            'a number against empty' => [false, 'sale_price', '0', ''],
            'a stock number is text' => [false, 'sku', '010', '10'],
            'text by letters' => [false, 'name', 'Scarf', 'scarf'],
            'stored entities' => [true, 'name', 'Silk & wool', 'Silk &amp; wool'],
            'line ends' => [true, 'description', "a\r\nb", "a\nb"],
            'ids as sets' => [true, 'categories', [3, 1], [(object) ['id' => 1], (object) ['id' => 3]]],
            'other ids' => [false, 'categories', [3, 1], [1]],
            'no ids' => [true, 'categories', [], null],
            'dates by instant' => [true, 'date_on_sale_from_gmt', '2026-11-24T06:35:00', '2026-11-24T06:35:00Z'],
            'dates with a zone' => [true, 'date_on_sale_from_gmt', '2026-11-24T07:35:00+01:00', '2026-11-24T06:35:00'],
            'other dates' => [false, 'date_on_sale_from_gmt', '2026-11-24T06:35:01', '2026-11-24T06:35:00'],
            'meta numbers that were stored as text' => [true, 'meta_data[_x]', 5, '5'],
            'lists in meta' => [true, 'meta_data[_x]', ['a'], ['a']],
            'a list is no text' => [false, 'meta_data[_x]', ['a'], 'a'],
        ];
    }
}
