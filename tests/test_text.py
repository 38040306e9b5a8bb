"""The one escaping helper."""

import html as std_html
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis_lib.figures import text

HOSTILE = [
    pytest.param("<b>HLA-A</b>", id="bold"),
    pytest.param('<a href="javascript:alert(1)">x</a>', id="link"),
    pytest.param("</script><script>alert(1)</script>", id="script"),
    pytest.param("&lt;b&gt;", id="entities as written"),
    pytest.param("$x^2$ and \\(y\\)", id="formula"),
    pytest.param("%{y} %{customdata[0]}", id="plotly template"),
    pytest.param("a\nb\r\tc\x00\x1b[31m", id="controls"),
    pytest.param("\u202eTP53\u202c\u2066\u200f", id="writing direction"),
    pytest.param("zero\u200bwidth\ufeff\u2028", id="unseen"),
    pytest.param("lone \ud800 surrogate", id="surrogate"),
    pytest.param("\"quotes\" and 'more'", id="quotes"),
]


@pytest.mark.parametrize("given_text", HOSTILE)
def test_label_leaves_nothing_that_acts_in_a_figure(given_text):
    label = text.label(given_text)
    assert not set("<>${") & set(label)
    assert label.isprintable()
    assert text.plain(label) == text.visible(given_text)


@pytest.mark.parametrize("given_text", HOSTILE)
def test_html_leaves_nothing_that_acts_in_a_page(given_text):
    escaped = text.html(given_text)
    assert not set("<>\"'") & set(escaped)
    assert escaped.isprintable()
    assert std_html.unescape(escaped) == text.visible(given_text)


@given(st.text())
def test_what_is_read_is_what_was_written(anything):
    shown = text.visible(anything)
    assert text.plain(text.label(anything, longest=10**6)) == shown
    assert std_html.unescape(text.html(anything)) == shown
    assert shown.isprintable()
    assert shown.encode("utf-8").decode("utf-8") == shown


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "S"])))
def test_plain_names_stay_as_they_are(name):
    assert text.visible(name) == name


def test_every_blank_is_a_space():
    assert text.visible("a\u00a0b\u2009c") == "a b c"


def test_other_values_become_text():
    assert text.label(1) == "1"
    assert text.html(None) == "None"


def test_long_names_lose_their_middle():
    assert text.label("x" * 100) == "x" * 30 + "…" + "x" * 29
    assert text.shortened("abcdefgh", 5) == "ab…gh"
    assert text.shortened("abc", 3) == "abc"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (0.0, "0"),
        (1, "1"),
        (123456789, "123456789"),
        (1.0, "1.000"),
        (-0.97512, "-0.9751"),
        (9999.6, "1.000e4"),
        (9999.4, "9999"),
        (0.00012344, "0.0001234"),
        (0.000012344, "1.234e-5"),
        (2.2e-308, "2.200e-308"),
        (None, "–"),
        (math.nan, "–"),
        (math.inf, "–"),
    ],
)
def test_numbers_have_four_digits_and_what_is_none_is_a_dash(value, shown):
    assert text.number(value) == shown


@given(st.floats(allow_nan=False, allow_infinity=False, width=32), st.integers(2, 8))
def test_a_number_shown_is_the_number(value, digits):
    assert float(text.number(value, digits)) == pytest.approx(value, rel=10 ** (1 - digits), abs=0)
