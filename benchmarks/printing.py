"""What was measured, for a terminal: red what costs more than its peer."""

from __future__ import annotations

from rich.console import Console

from analysis_lib.figures.benchmarks import verdict
from analysis_lib.figures.text import number
from benchmarks.harness import Result

DIGITS = 3


def show(result: Result, console: Console) -> None:
    """Print one claim: what every way costs, and how ours stands beside each peer."""
    unit = result["unit"]
    console.print(f"\n{result['title']}: {result['what']}", style="bold", markup=False)
    console.print(f"  {_way(result['ours'], unit)}  (ours)", markup=False)
    for peer in result["peers"]:
        ratio = peer["ratio"]
        words = verdict(unit, *(ratio[each] for each in ("median", "low", "high")))
        low, high = (number(ratio[end], DIGITS) for end in ("low", "high"))
        console.print(f"  {_way(peer, unit)}", markup=False)
        console.print(
            f"      ours / peer {number(ratio['median'], DIGITS)} ({low} to {high}): {words}",
            style="bold red" if ratio["median"] > 1 else "green",
            markup=False,
        )
    for peer in result["absent"]:
        words = f"  {peer['name']}: not measured, {peer['reason']}"
        console.print(words, style="yellow", markup=False)
    for note in result["notes"]:
        console.print(f"  {note}", style="dim", markup=False)


def _way(way: Result, unit: str) -> str:
    median, low, high = (number(way[each], DIGITS) for each in ("median", "low", "high"))
    return f"{way['name']}: median {median} {unit} ({low} to {high}, n={len(way['values'])})"
