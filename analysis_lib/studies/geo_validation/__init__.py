"""Validation by sequenced cells. The engine asks for what is here; the notebook for the modules."""

from analysis_lib.studies.geo_validation.cells import Params, check, sources

__all__ = ["Params", "check", "sources"]
