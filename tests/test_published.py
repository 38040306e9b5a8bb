"""A run's numbers beside those of others: reproduced, drifted, or not comparable."""

from __future__ import annotations

import pytest

from analysis_lib.studies.published import Published, held_against

ITEM = Published("errors", 5, 1, "Golub 1999", ("data", "seed"), ", without rejection")


def verdict(value, changed=(), *, comparable=True) -> str:
    found = {} if value is None else {"errors": {"label": "errors of 34", "value": value}}
    (row,) = held_against([ITEM], found, changed, comparable=comparable)
    return row["status"]


@pytest.mark.parametrize(
    ("value", "changed", "comparable", "status"),
    [
        (5, (), True, "reproduced"),
        (6, ("bootstrap",), True, "reproduced"),
        (6.01, (), True, "drifted"),
        (3, (), True, "drifted"),
        (5, ("seed",), True, "not comparable"),
        (5, (), False, "not comparable"),
        (None, (), True, "not comparable"),
    ],
)
def test_each_verdict(value, changed, comparable, status):
    assert verdict(value, changed, comparable=comparable) == status


def test_a_tolerance_is_reached_whatever_the_last_digit():
    item = Published("p", 0.3, 0.1, "them")
    (row,) = held_against([item], {"p": {"label": "p", "value": 0.1 + 0.1}}, ())
    assert row["status"] == "reproduced"


def test_the_row_says_who_and_what():
    (row,) = held_against([ITEM], {"errors": {"label": "errors of 34", "value": 4}}, ())
    assert row["what"] == "errors of 34"
    assert row["source"] == "Golub 1999, without rejection"
    assert (row["published"], row["here"], row["tolerance"]) == (5, 4, 1)
