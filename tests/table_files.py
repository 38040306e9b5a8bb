"""What the tests of tables share: files to read, and errors to hold to their words."""

import pytest

from analysis_lib.errors import TableError
from analysis_lib.tables import read_table


def write(folder, content, name="t.csv"):
    """Write bytes or text to a file and return its path."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refused(path, *parts, **options):
    """Read, expect an error of at most five lines with all the parts, and return it."""
    with pytest.raises(TableError) as caught:
        read_table(path, **options)
    message = str(caught.value)
    for part in (str(path), *parts):
        assert part in message, message
    assert 1 < len(message.splitlines()) <= 5
    assert caught.value.remedy
    return caught.value


def rows(frame):
    """Return a frame as lists, the column names first."""
    return [list(frame.columns), *frame.to_numpy().tolist()]
