"""A real Chromium, and a page in it that is watched for whatever should not happen."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
_LOCAL = ("file:", "data:", "blob:")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start a headless Chromium; without one skip, or fail where CI has to have it."""
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    if not program:
        message = "There is no Chromium; on Debian: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Watched:
    """A page in the browser, and everything that should not happen on it."""

    page: Page
    home: str | None = None  # the address of a server of our own
    faults: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", lambda r: self.requests.append(r.url))
        self.page.on("requestfailed", self._failed)
        self.page.on("pageerror", lambda e: self.faults.append(f"error: {e}"))
        self.page.on("dialog", self._dialog)
        self.page.on("console", lambda m: self.faults.append(m.text) if m.type == "error" else None)

    def drawn(self, name: str) -> None:
        """Scroll to a figure and wait until it is drawn."""
        self.page.locator(f"#figure-{name}").scroll_into_view_if_needed()
        self.page.wait_for_selector(f'#figure-{name}[data-drawn="true"]', timeout=20_000)

    def requested(self, ending: str) -> int:
        """Return how often a file was asked for."""
        return sum(url.endswith(ending) for url in self.requests)

    def elsewhere(self) -> list[str]:
        """Return the requests that left the folder, or its server."""
        local = (*_LOCAL, self.home) if self.home else _LOCAL
        return [url for url in self.requests if not url.startswith(local)]

    def quiet(self) -> None:
        """Fail unless nothing went wrong and nothing was asked of another host."""
        assert self.faults == []
        assert self.elsewhere() == []

    def _failed(self, request) -> None:
        # Not what was left before it came: a page gone on from, a link that became a download.
        if request.failure != "net::ERR_ABORTED":
            self.faults.append(f"failed: {request.url}, {request.failure}")

    def _dialog(self, dialog) -> None:
        self.faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()
