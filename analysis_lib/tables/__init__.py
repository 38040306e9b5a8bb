"""Strict reading and safe writing of delimited tables.

A table is read as what it says or not at all: identifiers stay text, numbers are numbers, every
row has the header's width, and what does not fit is an error naming file, line and column.
What each file may look like is told by `read_table`.
"""

from analysis_lib.tables.reading import place, read_header, read_table
from analysis_lib.tables.writing import TableFacts, check_table, write_table

__all__ = ["TableFacts", "check_table", "place", "read_header", "read_table", "write_table"]
