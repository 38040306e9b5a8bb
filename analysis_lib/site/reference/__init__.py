"""The reference of the library: a page per room, made from its docstrings."""

from analysis_lib.site.reference.rooms import pages, part

__all__ = ["pages", "part"]
