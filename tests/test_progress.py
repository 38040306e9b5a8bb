"""Progress in a log and in a terminal."""

import os
import pty
import subprocess
import sys

from analysis_lib.runs.progress import Cells

CODE = """
import time
from analysis_lib.runs.progress import Cells
with Cells("dge/default", print) as cells:
    cells.started(1, 2, "A cell \\x1b[31m that takes long")
    time.sleep(0.5)
    cells.done(1, 2, "A cell")
    cells.started(2, 2, "Another")
    raise KeyboardInterrupt
"""


def test_a_log_gets_one_line_per_finished_cell():
    said: list[str] = []
    with Cells("dge/default", said.append) as cells:
        cells.started(1, 17, "The table")
        cells.done(1, 17, "The table")
        cells.started(2, 17, "x" * 80)
        cells.done(2, 17, "x" * 80)
    assert len(said) == 2
    assert said[0].split() == ["dge/default", "1/17", "The", "table", "0.0", "s", "(0", "s)"]
    assert "x…" in said[1]
    assert len(said[0]) == len(said[1])


def test_a_terminal_shows_the_present_cell_and_is_left_as_it_was():
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-c", CODE], stdout=theirs, stderr=subprocess.DEVNULL, close_fds=True
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # Linux says so when the other side is closed
            break
        if not part:
            break
        shown += part
    os.close(ours)
    assert child.wait(30) != 0
    text = shown.decode()
    assert "1/2  A cell \\x1b[31m that takes long …" in text
    finished = next(line for line in text.split("\n") if "1/2  A cell  " in line)
    assert "…" not in finished.split("\x1b[2K")[-1]  # on a line of its own
    assert text.rfind("\x1b[?25h") > text.rfind("\x1b[?25l")  # the cursor is shown again
