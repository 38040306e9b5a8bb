"""The diagnosis of learning curves: each shape from curves that have it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis_lib.evaluation.curves import diagnose


def history(training, accuracy, validation=None, seeds=(0, 1, 2)) -> pd.DataFrame:
    parts = []
    for seed in seeds:
        for part, loss in (("training", training), ("validation", validation)):
            if loss is None:
                continue
            epochs = np.arange(1, len(loss) + 1)
            table = {"seed": seed, "epoch": epochs, "part": part, "loss": loss}
            parts.append(pd.DataFrame({**table, "accuracy": accuracy}))
    return pd.concat(parts, ignore_index=True)


FALLING = np.linspace(1, 0.1, 20)
RISING = np.concatenate([np.linspace(1, 0.5, 5), np.linspace(0.5, 2, 15)])


@pytest.mark.parametrize(
    ("shape", "of", "words"),
    [
        ("fitted", history(FALLING, 1.0, FALLING), "No sign of over-fitting"),
        ("over-fitted", history(FALLING, 1.0, RISING), "lowest at epoch 5 of 20 and 3.9 times"),
        ("over-fitted", history(FALLING, 0.6, RISING), "60% of their training rows"),
        ("under-fitted", history(FALLING, 0.6, FALLING), "60% of their own training"),
        ("not validated", history(FALLING, 0.8), "cannot say"),
        ("diverged", history(FALLING * np.nan, 0.8, FALLING), "diverged"),
    ],
)
def test_each_shape(shape, of, words):
    found = diagnose(of)
    assert found.shape == shape
    assert words in found.words


def test_the_median_seed_counts():
    two_rise = history(FALLING, 1.0, RISING, seeds=(0, 1))
    third = history(FALLING, 1.0, FALLING, seeds=(2,))
    assert diagnose(pd.concat([two_rise, third])).shape == "over-fitted"
    assert diagnose(pd.concat([third, two_rise[two_rise["seed"] == 0]])).best_epoch == 12


def test_a_loss_near_zero_that_doubles_has_not_risen():
    tiny = np.concatenate([FALLING, [1e-4, 3e-4]])
    assert diagnose(history(tiny, 1.0, tiny)).shape == "fitted"


def test_networks_that_stopped_early_count_with_their_last_epoch():
    short = history(FALLING[:5], 1.0, RISING[:5], seeds=(0,))
    long = history(FALLING, 1.0, FALLING, seeds=(1,))
    assert diagnose(pd.concat([short, long])).shape == "fitted"
