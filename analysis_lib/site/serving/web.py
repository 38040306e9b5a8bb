"""What a browser is given: which file an address names, as what type, and what it may do."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import re
import time
from html import unescape
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote, unquote

from analysis_lib.site.key import MARK

EVENTS = "/__events"
"""Where a page is told that the site was replaced."""

RELOAD = "/__reload.js"
"""The script that listens there; see `RELOAD_SCRIPT`."""

TEXT = "text/plain; charset=utf-8"
TYPES = {
    # Not the machine's own list: what .js is must not depend on where the book is read.
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".ipynb": "application/x-ipynb+json",
    ".csv": "text/csv; charset=utf-8",
    ".txt": TEXT,
    ".bib": TEXT,
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".ttf": "font/ttf",
    ".zip": "application/zip",
}
UNKNOWN = "application/octet-stream"
HEADERS = {
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # The figures' data are scripts: without these, any page elsewhere could load them.
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
RELOAD_SCRIPT = b"""\
(function () {
  "use strict";
  const mine = document.currentScript.dataset.version;
  let events = null;

  function rest() {
    if (events) events.close();
    events = null;
  }

  // A page out of sight does not listen: browsers allow six connections to a server.
  function listen() {
    if (events || document.hidden) return;
    events = new EventSource("/__events");
    events.onmessage = (event) => {
      if (event.data === mine) return;
      rest();
      location.reload();
    };
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? rest() : listen()));
  addEventListener("pagehide", rest);
  addEventListener("pageshow", listen);
})();
"""

_POLICY = (
    "default-src 'self'; script-src 'self'{more}; "
    # Plotly and the theme style elements one by one, and Sphinx writes style attributes.
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; "
    "frame-src 'none'; frame-ancestors 'none'; object-src 'none'; base-uri 'none'; "
    "form-action 'self'"
)
_INLINE = re.compile(rb"<script\b(?![^>]*\ssrc\s*=)[^>]*>(.*?)</script\s*>", re.DOTALL | re.I)
_FIGURE = re.compile(rb'\sdata-src="([^"]+/figures/\w+\.js)"')
_KEPT = r'document\.documentElement\.dataset\.{0} = localStorage\.getItem\("{0}"\) \|\| "\w*";'
_THEME = tuple(
    re.compile(script)
    for script in (
        f"{_KEPT.format('mode')} {_KEPT.format('theme')}",
        r"DOCUMENTATION_OPTIONS\.\w+ = (?:'[\w/.-]*'|true|false);",
        r"// Activate the search field on page load "
        r'let searchInput = document\.querySelector\("form\.bd-search input"\); '
        r"if \(searchInput\) \{ searchInput\.focus\(\); searchInput\.select\(\); "
        r'console\.log\("\[PST\]: Set focus on search field\."\); \}',
    )
)
_SWAP = 0.05  # seconds that replacing the site may leave nothing there, where it is not one step


def locate(site: Path, address: str) -> Path | None:
    """Return the file or folder of a site that an address names; None for everything else.

    What begins with a dot is not for readers: the parent folder, the site's mark, half a file.
    """
    try:
        name = unquote(re.split("[?#]", address)[0], errors="strict")
        fit = name.startswith("/") and name.isprintable() and "\\" not in name
        parts = name[1:].removesuffix("/").split("/") if name != "/" else []
        if not fit or not all(map(_shown, parts)):
            return None
        root = site.resolve(strict=True)
        path = root.joinpath(*parts).resolve(strict=True)
        return path if all(map(_shown, path.relative_to(root).parts)) else None
    except (
        OSError,
        ValueError,
        RuntimeError,
    ):  # not there or elsewhere, no text, a circle of links
        return None


def open_file(site: Path, address: str) -> tuple[Path, BinaryIO] | str | None:
    """Open the file that an address names; of a folder its index.html.

    A folder without its last slash returns the address with it, for links to be right; what is
    not there returns None. The site may be replaced meanwhile: then it is looked at once more.
    """
    for _ in range(2):
        before = version(site)
        with contextlib.suppress(OSError):
            path = locate(site, address)
            if path and path.is_dir() != (slash := re.split("[?#]", address)[0].endswith("/")):
                here = path.relative_to(site.resolve()).as_posix()
                return None if slash else quote(f"/{here}/")
            if path and path.is_dir():
                path = locate(path, "/index.html")
            if path and path.is_file():
                return path, path.open("rb")
        if before and before == version(site):
            return None
        time.sleep(_SWAP)
    return None


def version(site: Path) -> str | None:
    """Return what tells one build of a site from the next; None while there is none."""
    try:
        facts = (site / MARK).stat()
    except OSError:
        return None
    return f"{facts.st_ino:x}-{facts.st_mtime_ns:x}"


def reloading(page: bytes, known: str | None) -> bytes:
    """Return a page that loads itself again when the site is another than the `known` version."""
    tag = f'<script src="{RELOAD}" data-version="{known}" defer></script>'.encode()
    before, end, after = page.rpartition(b"</body>")
    return before + tag + end + after if end else page + tag


def policy(page: bytes = b"", *, evaluating: bool = False) -> str:
    """Return the Content-Security-Policy of a page: its own files, and the theme's few lines.

    An inline script may run only when it is one that the theme is known to write; and code may
    be made from text only for figures that are not drawn otherwise, see `evaluates`.
    """
    known = [s for s in _INLINE.findall(page) if _of_theme(s.decode("utf-8", "replace"))]
    digests = [base64.b64encode(hashlib.sha256(s).digest()).decode() for s in dict.fromkeys(known)]
    more = [f"'sha256-{digest}'" for digest in digests] + ["'unsafe-eval'"] * evaluating
    return _POLICY.format(more="".join(f" {source}" for source in more))


def evaluates(site: Path, page: Path, content: bytes) -> bool:
    """Return whether a figure of a page needs Plotly to make code as it goes.

    Plotly does so for points drawn by the graphics card (scattergl), and says of a browser that
    forbids it that it has no WebGL. Its strict edition has that code ready-made.
    """
    try:
        for script in site.glob("files/plotly*.js"):
            with script.open("rb") as file:
                if b"(strict" in file.read(200):
                    return False
        named = [page.parent / unquote(unescape(n.decode())) for n in _FIGURE.findall(content)]
        return any(b'"scattergl"' in path.read_bytes() for path in named)
    except (OSError, ValueError):
        return True  # the site is being replaced; whichever it is then, its figures are drawn


def _shown(part: str) -> bool:
    return bool(part) and not part.startswith(".")


def _of_theme(script: str) -> bool:
    words = " ".join(script.split())
    return any(known.fullmatch(words) for known in _THEME)
