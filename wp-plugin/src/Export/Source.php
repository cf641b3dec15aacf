<?php

declare(strict_types=1);

namespace DevSkyy\Export;

/** One resource of the export. */
interface Source
{
    /** @return list<string> */
    public function columns(): array;

    /**
     * @param array{after: int, limit: int, ids: ?list<int>, modified_after: ?int} $page
     * @return list<list<mixed>> Rows in ascending id; wanted ids that do not exist are absent.
     */
    public function rows(array $page): array;

    /** @return list<int> */
    public function ids(array $page): array;

    public function count(): int;
}
