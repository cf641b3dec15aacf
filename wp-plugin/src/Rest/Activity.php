<?php

declare(strict_types=1);

namespace DevSkyy\Rest;

use DevSkyy\Actions;
use DevSkyy\Changes\Trace;
use DevSkyy\Csv;
use DevSkyy\Sidecar\Client;
use WP_Error;
use WP_REST_Request;
use WP_REST_Response;

/** The audit: its pages, its figures, and the rows of a search as a file. */
final class Activity
{
    /** Rows of one file; the page and the file itself say so when there are more. */
    public const MOST = 10_000;
    private const PATH = '/api/v1/security/audit-log';
    private const FILTERS = ['action', 'target', 'person', 'request_id', 'since', 'until', 'failed', 'q'];
    private const PAGE = 200;
    private const SECONDS = 120;

    /** Only what the page opens with is kept for times without the sidecar: searches would crowd everything else out. */
    public static function all(WP_REST_Request $request): \stdClass|WP_Error
    {
        $query = Proxy::query($request, [...self::FILTERS, 'limit', 'cursor']);
        $answer = array_diff_key($query, ['limit' => 1]) === [] ? Client::get(self::PATH, $query) : self::ask($query);
        is_wp_error($answer) || Trace::add((array) ($answer->items ?? []));
        return $answer;
    }

    public static function summary(WP_REST_Request $request): \stdClass|WP_Error
    {
        return Client::get('/api/v1/security/audit-summary', Proxy::query($request, ['since', 'until']));
    }

    /** The rows that the filters leave as CSV, written while they are read, so that a long file needs no more memory than a page. */
    public static function export(WP_REST_Request $request): WP_REST_Response|WP_Error
    {
        $query = Proxy::query($request, self::FILTERS) + ['limit' => self::PAGE];
        $first = self::ask($query);
        if (is_wp_error($first)) {
            return $first;
        }
        $response = new WP_REST_Response(null, 200, [
            'Content-Type' => 'text/csv; charset=utf-8',
            'Content-Disposition' => 'attachment; filename="devskyy-activity-' . wp_date('Y-m-d') . '.csv"',
            'X-Content-Type-Options' => 'nosniff',
        ]);
        add_filter('rest_pre_serve_request', static function (bool $served, mixed $result, WP_REST_Request $asked) use ($response, $query, $first): bool {
            if ($served || $result !== $response) {
                return $served;
            }
            if ($asked->get_method() !== 'HEAD') {
                wc_set_time_limit(self::SECONDS + 30);
                self::write($query, $first);
            }
            return true;
        }, 10, 3);
        return $response;
    }

    /** Writes the file: a head, the rows, and a last line when rows are missing. */
    private static function write(array $query, \stdClass $page): void
    {
        $end = time() + self::SECONDS;
        $total = (int) ($page->total ?? 0);
        $rows = 0;
        echo Csv::BOM . Csv::line(self::head()); // phpcs:ignore WordPress.Security.EscapeOutput -- a file, made inert by Csv
        while (true) {
            Trace::add((array) ($page->items ?? []));
            foreach (array_slice((array) ($page->items ?? []), 0, self::MOST - $rows) as $entry) {
                echo Csv::line(self::row($entry)); // phpcs:ignore WordPress.Security.EscapeOutput -- a file, made inert by Csv
                $rows++;
            }
            $next = (string) ($page->next ?? '');
            if ($next === '' || $rows >= self::MOST || connection_aborted()) {
                break;
            }
            flush();
            $page = time() < $end ? self::ask(['cursor' => $next] + $query) : new WP_Error('slow', __('It took too long.', 'devskyy'));
            if (is_wp_error($page)) {
                /* translators: %s: what went wrong, as a sentence. */
                echo Csv::line([sprintf(__('The file ends too early: %s', 'devskyy'), $page->get_error_message())]); // phpcs:ignore WordPress.Security.EscapeOutput -- a file, made inert by Csv
                return;
            }
        }
        if ($rows < $total && $rows >= self::MOST) {
            /* translators: 1: number of rows in the file, 2: number of rows that there are. */
            echo Csv::line([sprintf(__('Only the newest %1$s of %2$s entries are in this file. Choose a shorter period to get the others.', 'devskyy'), number_format_i18n($rows), number_format_i18n($total))]); // phpcs:ignore WordPress.Security.EscapeOutput -- a file, made inert by Csv
        }
    }

    private static function ask(array $query): \stdClass|WP_Error
    {
        return Client::request('GET', self::PATH, $query, null, ['person' => true]);
    }

    /** @return list<string> */
    private static function head(): array
    {
        return [
            __('Number', 'devskyy'),
            __('Time (UTC)', 'devskyy'),
            __('Who', 'devskyy'),
            __('What', 'devskyy'),
            __('Action', 'devskyy'),
            __('On what', 'devskyy'),
            __('Before', 'devskyy'),
            __('After', 'devskyy'),
            __('More', 'devskyy'),
            __('Refused or failed', 'devskyy'),
            __('Request', 'devskyy'),
            __('Hash', 'devskyy'),
        ];
    }

    /** @return list<scalar|null> */
    private static function row(\stdClass $entry): array
    {
        $action = (string) ($entry->action ?? '');
        return [
            (int) ($entry->n ?? 0),
            (string) ($entry->at ?? ''),
            self::who($entry),
            Actions::words()[$action] ?? $action,
            $action,
            self::subject($entry),
            self::values(self::side($entry, 'before')),
            self::values(self::side($entry, 'after')),
            self::values(array_diff_key((array) ($entry->detail ?? []), ['before' => 1, 'after' => 1])),
            empty($entry->failed) ? '' : __('yes', 'devskyy'),
            (string) ($entry->request_id ?? ''),
            (string) ($entry->hash ?? ''),
        ];
    }

    private static function who(\stdClass $entry): string
    {
        $who = $entry->who ?? null;
        return (string) ($who->login ?? $who->key ?? $who->client ?? __('DevSkyy', 'devskyy'));
    }

    private static function subject(\stdClass $entry): string
    {
        $names = implode(', ', array_column($entry->products ?? [], 'name'));
        return $names === '' ? (string) ($entry->target ?? '') : sprintf('%s (%s)', $names, $entry->target);
    }

    /** What stood before or after: of a proposal the values that the ledger knows, else what the audit says. */
    private static function side(\stdClass $entry, string $side): mixed
    {
        $found = [];
        foreach ($entry->changed ?? [] as $change) {
            $found[ltrim($change['of'] . ' ' . $change['path'])] = $change[$side];
        }
        return $found ?: ($entry->$side ?? $entry->detail->$side ?? null);
    }

    /** `price: 20.00, stock: 3`; what is deeper stays JSON. */
    private static function values(mixed $values): string
    {
        $parts = [];
        foreach ((array) $values as $name => $value) {
            $parts[] = "$name: " . (is_string($value) ? $value : wp_json_encode($value, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE));
        }
        return implode(', ', $parts);
    }
}
