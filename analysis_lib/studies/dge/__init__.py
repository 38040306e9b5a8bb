"""Differential expression. The engine asks for what is here; the notebook for the modules."""

from analysis_lib.studies.dge.steps import Params, check, sources

__all__ = ["Params", "check", "sources"]
