"""Leukemia: classical models. The engine asks for what is here; the notebook for the modules."""

from analysis_lib.studies.leukemia import sources
from analysis_lib.studies.leukemia_classical.steps import Params, check

__all__ = ["Params", "check", "sources"]
