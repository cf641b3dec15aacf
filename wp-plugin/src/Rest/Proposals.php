<?php

declare(strict_types=1);

namespace DevSkyy\Rest;

use DevSkyy\Changes\Ledger;
use DevSkyy\Sidecar\Client;
use WP_Error;
use WP_REST_Request;

/** Proposals as the Inbox shows them: the sidecar's, with pictures from the shop. */
final class Proposals
{
    public static function all(WP_REST_Request $request): \stdClass|WP_Error
    {
        $answer = Client::get('/api/v1/proposals', Proxy::query($request, ['state', 'family', 'agent', 'risk', 'q', 'sort', 'limit', 'page']));
        if (!is_wp_error($answer)) {
            $items = array_filter((array) ($answer->items ?? []), 'is_object');
            isset($answer->stale) && self::bring_up_to_date($items);
            self::add_thumbnails($items);
        }
        return $answer;
    }

    public static function one(WP_REST_Request $request): \stdClass|WP_Error
    {
        $answer = Client::get('/api/v1/proposals/' . $request['id']);
        if (!is_wp_error($answer) && is_object($answer->proposal ?? null)) {
            isset($answer->stale) && self::bring_up_to_date([$answer->proposal]);
            self::add_thumbnails([$answer->proposal]);
        }
        return $answer;
    }

    /** An old answer does not know what was undone here since; the record of changes does. */
    private static function bring_up_to_date(array $proposals): void
    {
        $outcomes = array_column(Ledger::unreported(), 'outcome', 'proposal');
        foreach ($proposals as $proposal) {
            $outcome = $outcomes[$proposal->id ?? ''] ?? null;
            if ($outcome !== null && $outcome !== 'undo_failed') {
                $proposal->state = $outcome;
            }
        }
    }

    /** @param array<\stdClass> $proposals All pictures by two queries, however many proposals there are. */
    private static function add_thumbnails(array $proposals): void
    {
        $things = [];
        foreach ($proposals as $proposal) {
            if (in_array($proposal->subject->resource ?? '', ['products', 'variations'], true)) {
                $things[] = (int) ($proposal->subject->id ?? 0);
            }
        }
        $things === [] || update_meta_cache('post', array_unique($things));
        $images = array_map([self::class, 'image_id'], $proposals);
        $wanted = array_values(array_unique(array_filter($images)));
        $wanted === [] || _prime_post_caches($wanted, false, true);
        foreach ($proposals as $i => $proposal) {
            $url = $images[$i] > 0 ? wp_get_attachment_image_url($images[$i], 'thumbnail') : false;
            if ($url) {
                $proposal->thumbnail = $url;
            }
        }
    }

    private static function image_id(\stdClass $proposal): int
    {
        $subject = $proposal->subject ?? new \stdClass();
        if (!empty($subject->image_id)) {
            return (int) $subject->image_id;
        }
        $is_product = in_array($subject->resource ?? '', ['products', 'variations'], true);
        return $is_product ? (int) get_post_meta((int) ($subject->id ?? 0), '_thumbnail_id', true) : 0;
    }
}
