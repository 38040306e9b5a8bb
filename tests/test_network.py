"""The stacked networks: what Keras would have trained, in a fraction of the time, kept safely."""

from __future__ import annotations

import zipfile

import numpy as np
import pandas as pd
import pytest

from analysis_lib.errors import DataError
from analysis_lib.evaluation.curves import diagnose
from analysis_lib.models import kept, training
from analysis_lib.models.network import Network, fit_watched, pipeline


def two_clouds(n: int = 40, features: int = 6, apart: float = 1.5, seed: int = 0):
    draws = np.random.default_rng(seed)
    y = np.arange(n) % 2
    return draws.normal(size=(n, features)) + apart * (y[:, None] - 0.5), y


def genes(n: int = 40, count: int = 60):
    X, y = two_clouds(n, count, apart=0.6)
    return pd.DataFrame(X, columns=[f"g{i}" for i in range(count)]), y


def rows(X, y) -> training.Rows:
    return training.Rows(X, y.astype(float), np.ones(len(y)))


def keras_twin(weights, X, y, *, l2: float = 0.0, epochs: int = 5):
    """The same network in Keras: same first weights, all rows in one step, same optimiser."""
    from tensorflow import keras

    penalty = keras.regularizers.L2(l2) if l2 else None
    model = keras.Sequential([keras.Input((X.shape[1],), dtype="float64")])
    for number, kernel in enumerate(weights[::2]):
        last = number == len(weights) // 2 - 1
        model.add(
            keras.layers.Dense(
                kernel.shape[2],
                activation="sigmoid" if last else "relu",
                kernel_regularizer=penalty,
                dtype="float64",
            )
        )
    model.set_weights(
        [part[0].reshape(part.shape[1:] if i % 2 == 0 else -1) for i, part in enumerate(weights)]
    )
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    model.fit(X, y, batch_size=len(y), shuffle=False, epochs=epochs, verbose=0)
    return model


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("l2", [0.0, 0.05])
def test_training_ends_where_keras_ends(request, l2):
    """One step per epoch, so that the order of the rows does not matter."""
    from tensorflow import keras

    request.addfinalizer(lambda: keras.config.set_floatx("float32"))
    keras.config.set_floatx("float64")
    X, y = two_clouds()
    first = training.initial([6, 5, 3, 1], seeds=[7])
    recipe = training.Recipe(l2=l2, learning_rate=0.01, batch_size=len(y), epochs=5)
    ours = training.train(first, [7], recipe, rows(X, y)).weights
    theirs = keras_twin(first, X, y, l2=l2).get_weights()
    for mine, other in zip(ours, theirs, strict=True):
        # Keras keeps the rates of its optimiser in float32.
        np.testing.assert_allclose(np.squeeze(mine[0]), np.squeeze(other), atol=2e-6)
    assert not np.allclose(ours[0], first[0], atol=1e-3)


@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_a_network_depends_on_its_seed_and_not_on_its_neighbours(dropout):
    X, y = two_clouds()
    recipe = training.Recipe(dropout=dropout, epochs=20)
    alone = training.train(training.initial([6, 4, 1], [3]), [3], recipe, rows(X, y))
    seeds = [1, 3, 2]
    among = training.train(training.initial([6, 4, 1], seeds), seeds, recipe, rows(X, y))
    for mine, other in zip(alone.weights, among.weights, strict=True):
        np.testing.assert_allclose(mine[0], other[1], atol=1e-12)
    assert not np.allclose(among.weights[0][0], among.weights[0][1])


def test_the_loss_is_that_of_the_definition():
    X, y = two_clouds()
    trained = training.train(
        training.initial([6, 4, 1], [0]), [0], training.Recipe(epochs=3), rows(X, y), rows(X, y)
    )
    p = 1 / (1 + np.exp(-training.logits(trained.weights, "relu", X)[0]))
    loss = -np.log(np.where(y == 1, p, 1 - p)).mean()
    accuracy = ((p > 0.5) == y).mean()
    np.testing.assert_allclose(trained.history[-1, 0], [loss, accuracy] * 2)


def test_dropout_acts_in_training_alone():
    X, y = two_clouds()
    with_it = Network((8,), dropout=0.5, epochs=30, seeds=(1,)).fit(X, y)
    without = Network((8,), epochs=30, seeds=(1,)).fit(X, y)
    assert not np.allclose(with_it.weights_[0], without.weights_[0])
    np.testing.assert_array_equal(with_it.probabilities(X), with_it.probabilities(X))


def test_dropout_keeps_what_a_layer_passes_on_the_same_on_average():
    draws = [np.random.default_rng(seed) for seed in range(3)]
    recipe = training.Recipe(dropout=0.3)
    weights = training.initial([6, 50, 20, 1], seeds=[0, 1, 2])
    orders, masks = training._drawn(draws, recipe, 40, 25, weights)
    assert [mask.shape for mask in masks] == [(40, 3, 25, 50), (40, 3, 25, 20)]
    for mask in masks:
        assert mask.mean() == pytest.approx(1, abs=0.02)
        assert (mask == 0).mean() == pytest.approx(0.3, abs=0.02)
    assert (np.sort(orders, axis=2) == np.arange(25)).all()


def test_a_penalty_makes_weights_smaller():
    X, y = two_clouds()
    free, held = (Network((8,), l2=l2, epochs=50, seeds=(1,)).fit(X, y) for l2 in (0.0, 0.1))
    assert np.abs(held.weights_[0]).sum() < 0.7 * np.abs(free.weights_[0]).sum()


def test_class_weights_make_the_rare_class_heard():
    X, y = two_clouds(200, apart=0.3)
    rare = np.flatnonzero(y == 1)[:10]
    chosen = np.concatenate([np.flatnonzero(y == 0), rare])
    plain, balanced = (
        Network((), epochs=60, balanced=b, seeds=(0,)).fit(X[chosen], y[chosen]).predict(X)
        for b in (False, True)
    )
    assert (balanced == 1).sum() > (plain == 1).sum() + 10


def test_early_stopping_goes_back_to_the_best_epoch():
    X, y = two_clouds(apart=0.2)
    odd, even = np.arange(len(y)) % 4 < 2, np.arange(len(y)) % 4 >= 2
    network = Network((16,), learning_rate=0.02, epochs=300, patience=10, seeds=(0, 1, 2))
    network.fit(X[odd], y[odd], validation=(X[even], y[even]))
    watched = network.history_[network.history_["part"] == "validation"]
    for number, (_, of_seed) in enumerate(watched.groupby("seed")):
        best = of_seed["loss"].idxmin()
        assert of_seed.loc[best, "epoch"] == network.epochs_[number]
        p = network.probabilities(X[even])[:, number]
        loss = -np.log(np.where(y[even] == 1, p, 1 - p)).mean()
        assert loss == pytest.approx(of_seed.loc[best, "loss"])
    assert watched["epoch"].max() == network.epochs_.max() + 10 < 300


def stopping_epoch(losses: np.ndarray, patience: int) -> int:
    """The rule, read from the losses of one network: its best epoch before it stops."""
    best = 0
    for epoch in range(len(losses)):
        if losses[epoch] < losses[best]:
            best = epoch
        if epoch - best >= patience:
            break
    return best + 1


def test_a_network_that_has_stopped_does_not_go_on_with_the_others():
    """Losses that jump about get better again after a stop, while other networks still train."""
    X, y = two_clouds(apart=0.2)
    odd, even = np.arange(len(y)) % 4 < 2, np.arange(len(y)) % 4 >= 2
    network = Network(
        (16,), learning_rate=0.003, batch_size=4, epochs=80, patience=1, seeds=range(30)
    )
    network.fit(X[odd], y[odd], validation=(X[even], y[even]))
    watched = network.history_[network.history_["part"] == "validation"]
    losses = [of_seed["loss"].to_numpy() for _, of_seed in watched.groupby("seed")]
    assert [stopping_epoch(of_seed, 1) for of_seed in losses] == list(network.epochs_)
    assert any(of_seed.argmin() + 1 != stopping_epoch(of_seed, 1) for of_seed in losses)


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
def test_a_training_that_diverges_says_so():
    """Before: losses that are no numbers were left out, and with them every sign of it."""
    X, y = two_clouds()
    network = Network((4,), learning_rate=1e200, epochs=5, seeds=(0, 1))
    network.fit(X[:30], y[:30], validation=(X[30:], y[30:]))
    assert len(network.history_) == 2 * 2 * 5
    assert diagnose(network.history_).shape == "diverged"


def test_watched_rows_change_nothing_that_is_learned():
    X, y = two_clouds()
    alone = Network((4,), epochs=10).fit(X[:30], y[:30])
    watched = Network((4,), epochs=10).fit(X[:30], y[:30], validation=(X[30:] * 100, 1 - y[30:]))
    np.testing.assert_array_equal(alone.weights_[0], watched.weights_[0])


def test_the_preparation_is_learned_without_the_watched_rows():
    X, y = genes()
    steps = pipeline(Network((4,), epochs=3), variance=0.9)
    fit_watched(steps, (X[:30], y[:30]), (X[30:] + 1e6, y[30:]))
    np.testing.assert_allclose(steps["scale"].mean_, X[:30].mean())
    assert steps["pca"].explained_variance_ratio_.sum() >= 0.9


def test_the_classes_keep_their_names():
    X, y = two_clouds(apart=3)
    names = np.array(["ALL", "AML"])[y]
    network = Network((4,), epochs=60, seeds=(0, 1)).fit(X, names)
    assert list(network.classes_) == ["ALL", "AML"]
    assert (network.predict(X) == names).mean() > 0.9
    mean = network.probabilities(X).mean(axis=1)
    np.testing.assert_allclose(network.predict_proba(X)[:, 1], mean)


def test_the_keras_model_says_the_same():
    X, y = two_clouds()
    network = Network((5, 3), activation="tanh", epochs=10, seeds=(4, 5, 6)).fit(X, y)
    np.testing.assert_allclose(
        np.asarray(network.as_keras()(X)), network.probabilities(X), atol=1e-12
    )


def test_it_works_as_a_scikit_learn_estimator():
    from sklearn.base import clone
    from sklearn.model_selection import cross_val_score

    X, y = two_clouds(apart=3)
    network = Network((4,), epochs=150)
    assert clone(network).get_params() == network.get_params()
    assert cross_val_score(network, X, y, cv=4, error_score="raise").mean() > 0.9


@pytest.fixture(scope="module")
def fitted():
    X, y = genes()
    X = X.mask(X > 2.9)
    steps = pipeline(Network((6, 4), epochs=20, seeds=(1, 2)), variance=0.9, impute=True)
    return steps.fit(X, y), X


ABOUT = {
    "classes": ["ALL", "AML"],
    "threshold": 0.5,
    "transform": "raw",
    "impute": True,
    "data": {"kind": "simulated", "title": "Patients"},
}


def keep(folder, steps, X):
    kept.save(folder, steps, {"genes": list(X), **ABOUT})
    return folder


def test_a_kept_model_says_the_same_of_shuffled_columns(tmp_path, fitted):
    steps, X = fitted
    model = kept.load(keep(tmp_path, steps, X))
    direct = steps["network"].probabilities(steps[:-1].transform(X))
    assert X.isna().to_numpy().any()
    np.testing.assert_allclose(model.probabilities(X[X.columns[::-1]]), direct, atol=1e-12)
    assert model.description.threshold == 0.5


@pytest.mark.parametrize("activation", ["relu", "tanh", "elu", "selu", "gelu"])
@pytest.mark.parametrize("layers", [(), (5, 3)])
def test_every_activation_is_kept_as_keras_has_it(tmp_path, activation, layers):
    X, y = genes()
    network = Network(layers, activation=activation, epochs=2, seeds=(4, 5))
    steps = pipeline(network, variance=0.9).fit(X, y)
    found = kept.load(keep(tmp_path, steps, X)).probabilities(X)
    inputs = steps[:-1].transform(X)
    np.testing.assert_allclose(found, steps["network"].probabilities(inputs), atol=1e-12)
    np.testing.assert_allclose(found, np.asarray(network.as_keras()(inputs)), atol=1e-12)


def test_equal_models_are_equal_bytes(tmp_path, fitted):
    one, other = (keep(tmp_path / name, *fitted) for name in ("one", "other"))
    for path in one.iterdir():
        assert path.read_bytes() == (other / path.name).read_bytes(), path.name


@pytest.mark.parametrize("name", [kept.NETWORK, kept.NUMBERS, kept.DESCRIPTION])
@pytest.mark.parametrize("how", ["changed", "gone"])
def test_a_damaged_model_is_an_error(tmp_path, fitted, name, how):
    keep(tmp_path, *fitted)
    if how == "gone":
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:-40])
    with pytest.raises(DataError, match="not complete or was changed"):
        kept.load(tmp_path)


def test_keras_opens_what_is_kept_for_it_in_its_safe_mode(tmp_path, fitted):
    """It is for people who use Keras; the library itself never opens it."""
    from tensorflow import keras

    steps, X = fitted
    keep(tmp_path, steps, X)
    network = keras.models.load_model(tmp_path / kept.NETWORK, compile=False, safe_mode=True)
    inputs = steps[:-1].transform(X)
    expected = steps["network"].probabilities(inputs)
    np.testing.assert_allclose(np.asarray(network(inputs)), expected, atol=1e-12)


def test_the_archive_has_no_times(tmp_path, fitted):
    keep(tmp_path, *fitted)
    with zipfile.ZipFile(tmp_path / kept.NETWORK) as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}
        assert "202" not in archive.read("metadata.json").decode()
