"""A browser for every module of tests, and pages in it that are watched and closed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from tests.site.browsing import Watched, chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def opened(browser: Browser) -> Iterator[Callable[..., Watched]]:
    """Open an address in a page of its own, with settings of the browser's context."""
    contexts = []

    def open_one(address: str, **settings) -> Watched:
        contexts.append(browser.new_context(**settings))
        watched = Watched(contexts[-1].new_page())
        watched.page.goto(address)
        return watched

    yield open_one
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Watched:
    """One page for all tests of a module."""
    return Watched(browser.new_page())
