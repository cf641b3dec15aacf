"""Transfers between places."""

from __future__ import annotations

import numpy as np
import pytest

from sidecar.retail.transfers import propose


def matrix(*rows: list[float]) -> np.ndarray:
    return np.array(rows, dtype=float)


def test_from_where_it_is_spare_to_where_it_is_missing() -> None:
    found = propose(matrix([30, 2, 5]), matrix([10, 10, 5]), matrix([8, 8, 4]), worth=3, trip_cost=4)
    assert [(t.source, t.target, t.pieces, t.gain) for t in found] == [(0, 1, 6, 14.0)]


def test_no_giver_falls_below_what_it_keeps_and_no_place_gets_more_than_it_lacks() -> None:
    rng = np.random.default_rng(6)
    stock, keep = rng.integers(0, 40, (200, 4)).astype(float), rng.integers(0, 30, (200, 4)).astype(float)
    need = np.floor(keep * 0.8)
    moved, after = 0, stock.copy()
    for move in propose(stock, keep, need, worth=1):
        after[move.row, move.source] -= move.pieces
        after[move.row, move.target] += move.pieces
        moved += move.pieces
    gave, got = after < stock, after > stock
    assert moved > 200
    assert not (gave & got).any()
    assert (after[gave] >= keep[gave]).all()
    assert (after[got] <= need[got]).all()
    # What is still missing could not have been had: no place of that item has anything left to spare.
    short = (np.maximum(need - after, 0).sum(axis=1) > 0) & ~(stock < need).all(axis=1)
    spare = np.where(stock < need, 0, np.maximum(after - keep, 0)).sum(axis=1)
    assert (spare[short] == 0).all()


def test_several_givers_and_the_largest_lack_first() -> None:
    found = propose(matrix([12, 11, 0, 3]), matrix([5, 5, 9, 9]), matrix([5, 5, 9, 6]))
    assert [(t.source, t.target, t.pieces) for t in found] == [(0, 2, 7), (1, 2, 2), (1, 3, 3)]


def test_what_is_coming_counts_and_small_or_losing_moves_are_left() -> None:
    stock, keep, need = matrix([30, 2]), matrix([10, 10]), matrix([8, 8])
    assert propose(stock, keep, need, incoming=matrix([0, 6])) == []
    assert propose(stock, keep, need, least=7) == []
    assert propose(stock, keep, need, worth=1, trip_cost=6) == []
    assert len(propose(stock, keep, need, worth=1, trip_cost=5)) == 1


def test_packs_move_whole() -> None:
    stock, keep, need = matrix([30, 2]), matrix([10, 10]), matrix([8, 8])
    assert [t.pieces for t in propose(stock, keep, need, pack=4)] == [8]
    assert [t.pieces for t in propose(matrix([15, 2]), keep, need, pack=4)] == [4]
    assert propose(matrix([13, 2]), keep, need, pack=4) == []


def test_what_cannot_be_is_refused() -> None:
    good = matrix([1, 2])
    with pytest.raises(ValueError, match="stock must be a number"):
        propose(matrix([np.nan, 1]), good, good)
    with pytest.raises(ValueError, match="one row an item"):
        propose(good, matrix([1]), good)
    with pytest.raises(ValueError, match="incoming must be"):
        propose(good, good, good, incoming=-1)
    assert propose(np.zeros((0, 2)), np.zeros((0, 2)), np.zeros((0, 2))) == []
