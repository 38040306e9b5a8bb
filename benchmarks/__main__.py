"""Every claim of speed, measured beside its peer in one run: `make bench`."""

from __future__ import annotations

import os
import platform

import fit_lassos
import normalise_counts
import read_tables
import rebuild
import train_networks


def main() -> None:
    """Run all benchmarks and print medians and ratios."""
    print(f"{platform.platform(terse=True)}, {os.cpu_count()} cores, Python", end=" ")
    print(platform.python_version())
    for benchmark in (read_tables, rebuild, train_networks, normalise_counts, fit_lassos):
        result = benchmark.measure()
        print(f"\n{result['what']}, beside {result['peer']}")
        for name, seconds in result["seconds"].items():
            median, low, high = result["medians"][name], min(seconds), max(seconds)
            print(f"  {name}  median {median:7.3f} s   ({low:.3f} to {high:.3f}, n={len(seconds)})")
        print(f"  ours / peer: {result['ratio']:.3g}")
        for note in result.get("notes", ()):
            print(f"  {note}")


if __name__ == "__main__":
    main()
