"""The one way for text from data into a figure or a page."""

from __future__ import annotations

import html as _html
import math
import re

from analysis_lib.errors import visible

__all__ = ["html", "label", "number", "plain", "shortened", "visible"]

_PLOTLY = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "$": "&#36;", "{": "&#123;"})
_TAG = re.compile(r"<[^<>]*>")
_BREAK = re.compile(r"<br ?/?>")


def label(text: object, longest: int = 60) -> str:
    """Return text for a Plotly figure, where it stands as written: no tag, link or formula.

    Examples
    --------
    >>> label("<b>HLA</b> & $x$")
    '&lt;b&gt;HLA&lt;/b&gt; &amp; &#36;x&#36;'
    """
    return shortened(visible(text), longest).translate(_PLOTLY)


def plain(text: str) -> str:
    """Return what a reader sees of text for a Plotly figure: the reverse of `label`.

    Examples
    --------
    >>> plain("−log<sub>10</sub> p &lt; 0.05")
    '−log10 p < 0.05'
    """
    return _html.unescape(_TAG.sub("", _BREAK.sub("\n", text)))


def html(text: object) -> str:
    """Return text for HTML, between tags as well as between the quotes of an attribute.

    Examples
    --------
    >>> html('<img src=x onerror="alert(1)">')
    '&lt;img src=x onerror=&quot;alert(1)&quot;&gt;'
    """
    return _html.escape(visible(text), quote=True)


def number(value: float | int | None, digits: int = 4) -> str:
    """Return a number with `digits` significant digits; a dash for what is none.

    The page's own script writes numbers in the same way.

    Examples
    --------
    >>> [number(v) for v in (0.975, 1234567.0, 0.0000123456, 200, None)]
    ['0.9750', '1.235e6', '1.235e-5', '200', '–']
    """
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0 or isinstance(value, int):
        return str(int(value))
    mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
    size = int(exponent)
    if -4 <= size < digits:
        return f"{value:.{digits - 1 - size}f}"
    return f"{mantissa}e{size}"


def shortened(text: str, longest: int) -> str:
    """Cut the middle out of a text longer than `longest`.

    Examples
    --------
    >>> shortened("ENSG00000139618", 9)
    'ENSG…9618'
    """
    if len(text) <= longest:
        return text
    end = (longest - 1) // 2
    return f"{text[: longest - 1 - end]}…{text[len(text) - end :]}"
