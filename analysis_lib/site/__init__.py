"""Runs → pages → Jupyter Book → checked site."""

from analysis_lib.site.build import build_site
from analysis_lib.site.facts import Book, DataRow, SiteReport, SiteRun, StudyPage

__all__ = ["Book", "DataRow", "SiteReport", "SiteRun", "StudyPage", "build_site"]
