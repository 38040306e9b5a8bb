"""What the study of the network did, in sentences for a methods section."""

from __future__ import annotations

from analysis_lib.studies.leukemia import Patients
from analysis_lib.studies.leukemia_network.steps import (
    PENALTIES,
    SEARCH_SEEDS,
    THRESHOLD,
    Params,
    Trained,
    numbers_of_genes,
    seeds,
)
from analysis_lib.studies.leukemia_report import patients_sentences, second_class
from analysis_lib.studies.sentences import (
    SHARE_INTERVALS,
    bootstrapped,
    listed,
    number,
    numbers,
    percent,
)

_NAMES = {"relu": "ReLU", "elu": "ELU", "selu": "SELU", "gelu": "GELU"}
_INTERVALS = (*SHARE_INTERVALS, "Wilson's at the same mean for the other two")


def methods(patients: Patients, params: Params, trained: Trained) -> list[str]:
    """Say what was done, with the values of every parameter that had a part in it."""
    return [
        *patients_sentences(patients),
        _inputs(params, trained),
        _design(params),
        _seeds(params),
        "Beside the networks stood a logistic regression with an L2 penalty (C = 1, "
        "[pkg:scikit-learn]) on the same components of the same patients, and the larger class.",
        _regularised(patients, params),
        _judged(patients, params),
        f"Everything else drawn at random was drawn from the seed {params.seed}.",
    ]


def _inputs(params: Params, trained: Trained) -> str:
    parts = trained.network.n_features_in_
    components = "principal component" + ("s" if parts > 1 else "")
    hold = "hold" if parts > 1 else "holds"
    return (
        f"A stratified {percent(params.validation_size)} of the training patients "
        f"({len(trained.watched):,}) was watched during training and never learned from; on the "
        f"other {len(trained.fitted_on):,} alone genes were standardised and replaced by the "
        f"{parts:,} {components} that {hold} at least {percent(params.variance)} of the variance."
    )


def _design(params: Params) -> str:
    shape = "A network without hidden layers"
    if params.layers:
        activation = _NAMES.get(params.activation, params.activation)
        layers = "hidden layers" if len(params.layers) > 1 else "one hidden layer"
        shape = f"A network with {layers} ({numbers(params.layers)} units, {activation})"
        if params.dropout:
            shape += f", of whose units {percent(params.dropout)} were dropped at random,"
    loss = "binary cross-entropy"
    if params.class_weights:
        loss += " in which both classes weighed the same"
    if params.l2:
        loss += f", plus {number(params.l2)} times the sum of the squared weights"
    epochs = f"{params.epochs:,} epochs"
    if params.patience is not None:
        epochs = f"at most {epochs}"
    end = ""
    if params.patience is not None:
        end = (
            f"; it stopped after {params.patience:,} epochs without a lower loss on the patients "
            "watched, and took back the weights of its best epoch"
        )
    return (
        f"{shape} and a sigmoid output minimised {loss}, by Adam [@kingma2015] with a learning "
        f"rate of {number(params.learning_rate)}, for {epochs} in batches of "
        f"{params.batch_size:,} patients, in double precision with [pkg:tensorflow]{end}."
    )


def _seeds(params: Params) -> str:
    own = seeds(params)
    drawn = ["their first weights (Glorot's uniform [@glorot2010])", "the order of the patients"]
    if params.dropout and params.layers:
        drawn.append("the units dropped")
    return (
        f"The {len(own):,} networks of this design, with the seeds {own[0]} to {own[-1]}, differed "
        f"in nothing but {listed(drawn)}; as many more had the patients they watched drawn by "
        "their own seed as well, as when all is run again."
    )


def _regularised(patients: Patients, params: Params) -> str:
    search = min(SEARCH_SEEDS, params.repeats)
    return (
        "For a regularised network, otherwise of the same design, the number of genes "
        f"({numbers(numbers_of_genes(patients), 'or')}, of the largest F statistic) and the "
        f"penalty on the squared weights ({numbers(PENALTIES, 'or')}) were chosen by stratified "
        f"{params.cv_folds}-fold cross-validation of the training patients: of the settings whose "
        "log loss was within one standard error of the lowest [@breiman1984], the one of fewest "
        "genes, then of the stronger penalty. Genes, scaling, components and "
        f"{search} networks, whose mean was scored, were fitted anew in every fold; the "
        f"{params.repeats:,} networks in the end learned from all training patients, and none "
        "was watched."
    )


def _judged(patients: Patients, params: Params) -> str:
    return (
        f"A patient was called {second_class(patients)} where the probability of it, that of one "
        f"network or the mean of several, was above {number(THRESHOLD)}. Models were judged by "
        "accuracy, balanced accuracy, area under the ROC curve (AUC), average precision and Brier "
        f"score [@brier1950], and networks by the range of their errors over the seeds as well; "
        f"the {bootstrapped(params.bootstrap, _INTERVALS)}."
    )
