"""Lines that were predicted and lines that were measured: their mean profiles, held together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis_lib.datasets import counts
from analysis_lib.datasets.identifiers import counted, examples
from analysis_lib.errors import DataError
from analysis_lib.studies.geo_validation.cells import Validation

if TYPE_CHECKING:
    from analysis_lib.evaluation.line_genes import GeneRanks
    from analysis_lib.evaluation.lines import LabelTest, Verdict

_KINDS = {"gaba": "inh", "glutamatergic": "exc"}
_SPINES = {"spiny": "exc", "aspiny": "inh"}
_BINS = np.linspace(-1, 1, 41)
_CHANCE_DRAWS = 50


@dataclass(frozen=True)
class Profiles:
    """Mean profiles of the lines that are in both, on the genes that are in both.

    `predicted` and `measured` are lines × genes, log2(CPM + 1); `cells` has, for every line of
    either side, how many cells stand behind it; `all_genes` are the two on every gene with a
    model, not only on those that are compared.
    """

    predicted: pd.DataFrame
    measured: pd.DataFrame
    cells: pd.DataFrame
    all_genes: tuple[pd.DataFrame, pd.DataFrame]
    notes: tuple[str, ...]

    @property
    def kinds(self) -> dict[str, str]:
        """Of the lines in both: exc, inh, or nothing where it is not known."""
        table = self.cells.set_index("line")["kind"]
        return {str(line): str(table[line]) for line in self.predicted.index}


@dataclass(frozen=True)
class Answers:
    """What the profiles say: tests over all lines, and over lines of the same kind."""

    test: LabelTest
    within: LabelTest | None
    recognised: pd.DataFrame
    identified: pd.DataFrame
    correlations: pd.DataFrame
    matrix: pd.DataFrame
    genes: GeneRanks
    chance_ranks: NDArray[np.float64]
    verdict: Verdict


def profiles(validation: Validation) -> Profiles:
    """Average predicted and measured cells of each line, and keep what is in both."""
    from analysis_lib.evaluation.line_profiles import common

    params = validation.params
    of = validation.about["line"].to_numpy(object)
    sizes = pd.Series(of[of != ""]).value_counts()
    enough = sizes.index[sizes >= params.least_cells]
    kinds = kinds_of_lines(validation)
    order = sorted(enough, key=lambda line: (kinds[line] or "~", line))
    predicted = validation.expression.groupby(of).mean().loc[order]
    measured = counts.line_means(
        validation.counts,
        validation.passed,
        least=params.least_cells,
        at_once=validation.at_once,
    )
    pair = common(predicted, measured)
    chosen = _chosen(validation, list(pair[0].columns))
    return Profiles(
        predicted=pair[0][chosen],
        measured=pair[1][chosen],
        cells=_cells(validation, sizes, kinds),
        all_genes=pair,
        notes=tuple(_notes(validation, predicted, measured, pair[0])),
    )


def answers(pair: Profiles, validation: Validation) -> Answers:
    """Ask of the profiles everything that can be put into a number."""
    from analysis_lib.evaluation import line_genes, line_profiles, lines

    params, both = validation.params, (pair.predicted, pair.measured)
    several = pd.Series([kind for kind in pair.kinds.values() if kind]).value_counts()
    kinds = pair.kinds if (several > 1).any() else None
    drawn: dict[str, Any] = {"permutations": params.permutations, "seed": params.seed}
    test = lines.label_test(*both, **drawn)
    within = lines.label_test(*both, kinds=kinds, **drawn) if kinds else None
    recognised = lines.identification(*both, kinds=kinds, **drawn)
    return Answers(
        test=test,
        within=within,
        recognised=recognised,
        identified=lines.identified(*both),
        correlations=line_profiles.correlations(*both),
        matrix=line_profiles.matrix(*both),
        genes=line_genes.gene_ranks(*both, **drawn),
        chance_ranks=line_genes.chance_ranks(*both, draws=_CHANCE_DRAWS, seed=params.seed),
        verdict=lines.verdict(test, recognised, within),
    )


def own_and_others(found: Answers) -> pd.DataFrame:
    """Return how like every predicted line is to its own measured one, and to the others."""
    from analysis_lib.evaluation.line_profiles import against_others

    return against_others(found.matrix).sort_values("own", kind="stable")


def ranks(found: Answers) -> pd.DataFrame:
    """Return how the genes' rank correlations are distributed, and how by chance: shares."""
    groups = {
        "observed": found.genes.table["rho"].dropna().to_numpy(),
        "permuted": found.chance_ranks,
    }
    tables = []
    for kind, values in groups.items():
        counted_, _ = np.histogram(values, bins=_BINS)
        share = counted_ / max(1, len(values))
        bins = {"kind": kind, "low": _BINS[:-1], "high": _BINS[1:], "share": share}
        tables.append(pd.DataFrame(bins))
    return pd.concat(tables, ignore_index=True)


def markers(pair: Profiles, genes: list[str]) -> pd.DataFrame:
    """Return some genes, predicted and measured in every line, each within its own range."""
    predicted, measured = pair.all_genes
    there = [gene for gene in genes if gene in predicted]
    rows = []
    for gene in there:
        raw = {"predicted": predicted[gene], "measured": measured[gene]}
        scaled = {name: _within(values) for name, values in raw.items()}
        for line, kind in pair.kinds.items():
            told = {name: values[line] for name, values in scaled.items()}
            told |= {f"{name}_raw": values[line] for name, values in raw.items()}
            rows.append({"gene": gene, "line": line, "kind": kind, **told})
    columns = ["gene", "line", "kind", "predicted", "measured", "predicted_raw", "measured_raw"]
    return pd.DataFrame(rows, columns=columns)


def kinds_of_lines(validation: Validation) -> dict[str, str]:
    """Return what the cells of every line are, excitatory or inhibitory, by most of them.

    Sequenced cells say it by their broad type; where none does, patched cells by their spines.
    """
    told = pd.DataFrame(
        {
            "line": [*validation.about["line"], *validation.counts.about["line"]],
            "kind": [*kinds_of_predicted(validation), *kinds_of_measured(validation)],
        }
    )
    told = told[(told["line"] != "") & (told["kind"] != "")]
    most = told.groupby("line")["kind"].agg(lambda kinds: kinds.value_counts().index[0])
    lines = {*validation.about["line"], *validation.counts.about["line"]} - {""}
    return {line: str(most.get(line, "")) for line in sorted(lines)}


def kinds_of_measured(validation: Validation) -> list[str]:
    """Return the kind of every sequenced cell; nothing for those that are no neurons."""
    return [
        next((kind for word, kind in _KINDS.items() if broad.lower().startswith(word)), "")
        for broad in validation.counts.about["broad_type"]
    ]


def kinds_of_predicted(validation: Validation) -> list[str]:
    """Return the kind of every predicted cell, as its spines tell."""
    return [_SPINES.get(spines, "") for spines in validation.about["spines"]]


def _chosen(validation: Validation, genes: list[str]) -> list[str]:
    if validation.params.genes == "all":
        return genes
    table = validation.models.genes.set_index("gene")["discovered"]
    chosen = [gene for gene in genes if table[gene]]
    if len(chosen) < 10:
        raise DataError(
            "Too few genes of the counts are called predictable to compare profiles.",
            where=validation.params.models,
            expected="at least 10",
            got=f"{len(chosen)} of {len(genes):,} in both",
            remedy="Compare all genes (genes=all), or learn from more samples.",
        )
    return chosen


def _cells(validation: Validation, sizes: pd.Series[int], kinds: dict[str, str]) -> pd.DataFrame:
    measured = validation.counts.about["line"].to_numpy(object)[validation.passed]
    there = pd.Series(measured[measured != ""]).value_counts()
    return pd.DataFrame(
        {
            "line": list(kinds),
            "kind": list(kinds.values()),
            "predicted": [int(sizes.get(line, 0)) for line in kinds],
            "measured": [int(there.get(line, 0)) for line in kinds],
        }
    )


def _notes(
    validation: Validation, predicted: pd.DataFrame, measured: pd.DataFrame, both: pd.DataFrame
) -> list[str]:
    least = validation.params.least_cells
    alone = {
        "predicted": [line for line in predicted.index if line not in measured.index],
        "measured": [line for line in measured.index if line not in predicted.index],
    }
    told = [
        f"{counted(len(lines), 'line', 'is')} {side} only ({examples(lines)})"
        for side, lines in alone.items()
        if lines
    ]
    first = (
        f"{counted(len(both), 'line', 'has')} at least {counted(least, 'cell')} on either side"
        + (f"; {' and '.join(told)}." if told else ".")
    )
    absent = [gene for gene in predicted.columns if gene not in measured.columns]
    second = f"{both.shape[1]:,} of {predicted.shape[1]:,} genes with a model are in the counts"
    second += f"; {examples(absent)} are not." if absent else "."
    return [first, second, *_of_no_line(validation)]


def _of_no_line(validation: Validation) -> list[str]:
    """Say how many cells stand in no profile, because nobody knows their line."""
    lost = {
        "predicted": validation.about["line"] == "",
        "measured": validation.counts.about["line"].to_numpy(object)[validation.passed] == "",
    }
    told = [counted(int(of.sum()), f"{side} cell", "is") for side, of in lost.items() if of.any()]
    return [f"{' and '.join(told)} of no known line, and in no profile."] if told else []


def _within(values: pd.Series[float]) -> pd.Series[float]:
    spread = float(values.max() - values.min())
    return (values - values.min()) / spread if spread else values * 0.0
