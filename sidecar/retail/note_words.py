"""What the short notes beside forecasts and orders mean."""

from __future__ import annotations

from collections.abc import Iterable

NOTE_WORDS: dict[str, str] = {
    "beyond_the_forecast": "Delivery and review take longer than the forecast reaches; its pace goes on.",
    "duplicate_days": "Days named twice were added up.",
    "ends_early": "The figures end before yesterday; the forecast begins on the day after them.",
    "faded": "It has not sold for months; the forecast follows the end.",
    "future_days": "Days that are not over yet were left out.",
    "gaps": "Days that were not named count as days without a sale; send null for days that are unknown.",
    "like_category": "New or hardly sold: the forecast follows its category.",
    "mixed_time_zones": "Times in several time zones were counted on the shop's calendar days.",
    "negative": "More came back than sold on some days; they count as days without a sale.",
    "negative_as_zero": "More came back than sold on some days; they count as days without a sale.",
    "never_sold": "Nothing of it was ever sold.",
    "no_cost": "Nobody entered what a piece costs, so no money is stated.",
    "no_forecast": "There is no forecast for it yet.",
    "no_history": "Nothing is known of its sales.",
    "no_past": "Nobody worked this figure out four weeks ago.",
    "no_supplier": "It has no supplier yet; the shop's usual terms of purchase are used.",
    "not_better_than_naive": "In the backtest no method was better than repeating last week's sales.",
    "not_published": "It is not published, so nothing is ordered.",
    "old_days": "Days longer ago than three years were left out.",
    "on_sale": "It is on sale now; past sales may say too little about the lower price.",
    "one_point": "Only one day is known: the forecast repeats it, and its range is no more than a guess.",
    "out_of_stock_days": "Days without stock were left out; they say nothing about demand.",
    "override": "The owner's own figures replace the forecast on some days.",
    "service_level_lowered": "A service level above 99.5 % is worked out as 99.5 %.",
    "stock_not_managed": "WooCommerce does not manage its stock, so nothing can be ordered by it.",
    "service_that_pays": "Nobody entered a service level, so the one that pays best is used: the margin of a "
    "missed sale against the cost of holding a piece.",
    "too_short_for_backtest": "The history is too short to say how wrong the forecast usually is.",
    "watched_four_weeks": "Stock has been watched for less than four weeks.",
    "watched_too_short": "Stock has been watched for less than eight weeks.",
    "unknown_days": "Days without a figure count as unknown, not as days without a sale.",
}


def in_words(codes: Iterable[str]) -> list[str]:
    """Sentences for the codes, each once; a code without words stays as it is."""
    return [NOTE_WORDS.get(code, code) for code in dict.fromkeys(codes)]
