"""What may stand in a cell: names that mean something elsewhere, numbers at the edges."""

from hypothesis import strategies as st

LONG = 4_000

NAMES = (
    *("</script><script>alert(1)</script>", "<b>x</b>", "{{ x }}", "{% raw %}", "$x$", r"\(x\)"),
    *("=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "%s{0}", "`x`", "../../etc/passwd", "\\"),
    *("NA", "nan", "None", "null", "1E5", "2E3", "007", "SEPT2", "TRUE", "AFFX-x"),
    *("", " ", "\t", "\u00a0", " a ", "a b", "'", 'a"b', "a,b", "a;b", "a\tb", "a\nb", "a\r\nb"),
    *("\u202eevil", "\x1b[31mred", "\x07", "\u200b", "\ufeff", "\u2028", "\x85", "e\u0301", "é"),
    *("👩‍🔬", "İ", "ß", "基因", "x" * LONG, "-" * LONG + "a", "call", "call of P1", "row 1"),
    *("gene", "sample", "label", "part", "line", "cell", "A (2)", "_index", "..", "a|b", "|", "__"),
)
"""Names that another program, a page or a loader could take for something else."""

NUMBERS = (
    *("0", "-0.0", "1", "-1", "0.5", "2.5", "1e-320", "5e-324", "1e-400", "1e-160"),
    *("1e100", "1e154", "1.5e155", "1e200", "1e308", "-1e308", "1.7976931348623157e308"),
    *("9007199254740992", "9007199254740993", "1e16", "00012", "+3", ".5", "5.", " 7 "),
    *("NA", "", "nan", "None"),
)
"""Numbers at the edges, and what stands for a missing one."""

NO_NUMBERS = (
    *("inf", "-Infinity", "1e400", "0,5", "1,000.5", "0x10", "1_000", "١", "½", "TRUE", "1 000"),
    *("1e", "high", "--", "#REF!", "1.2.3", "\u22121", "NaN%", "<1", "na"),
)
"""What is no number, though other readers take some of it for one."""

names = st.sampled_from(NAMES) | st.text(max_size=12)
numbers = st.sampled_from(NUMBERS) | st.floats(allow_nan=False, allow_infinity=False).map(repr)
edges = (
    st.sampled_from(
        ("0", "-0.0", "1", "-1", "1e-320", "5e-324", "1e-160", "9007199254740993", "NA")
    )
    | st.floats(-1e60, 1e60).map(repr)
    | st.sampled_from(("1e60", "-1e60", "1e-60", "1e30", "1e61"))
)
"""Edges of what may be worked with."""

words = names | numbers | st.sampled_from(NO_NUMBERS)
