"""What the trials look with must see every difference, and none that is not there."""

from __future__ import annotations

from tests.faults.small_project import Times


def test_only_whole_times_are_left_out_of_a_picture():
    """Before: a run of 5.7 s also changed the 45.7 s of a page, and two equal sites differed."""
    times = Times(("5.7 s", "147 MB"))
    said = b"45.7 s, 5.7 seconds, 1,147 MB stay; (5.7 s, 147 MB) goes"
    left = "45.7 s, 5.7 seconds, 1,147 MB stay; (…, …) goes"
    assert times.without("page.html", said).decode() == left
