"""Electrophysiology to expression. The engine asks for what is here; notebooks for the modules."""

from analysis_lib.studies.ephys_lasso.neurons import Params, check, sources
from analysis_lib.studies.ephys_lasso.predictions import predict

__all__ = ["Params", "check", "predict", "sources"]
