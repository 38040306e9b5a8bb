"""Leukemia: a neural network. The engine asks for what is here; the notebook for the modules."""

from analysis_lib.studies.leukemia import sources
from analysis_lib.studies.leukemia_network.steps import Params, check, predict

__all__ = ["Params", "check", "predict", "sources"]
