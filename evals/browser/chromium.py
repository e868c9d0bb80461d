"""Chromium as this machine has it, driven by Playwright. Nothing is downloaded, and nothing but loopback is reached."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

VARIABLE = "ESCALATION_CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome")
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 360, "height": 740}
OPTIONS = (
    # Names lead nowhere, addresses neither: what a page asks for elsewhere fails at once, and cannot leave.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    "--no-proxy-server",
    # The same letters on each screen, and the same edges whether a part was painted alone or with the whole.
    "--font-render-hinting=none",
    "--disable-lcd-text",
    "--disable-partial-raster",
)


def program(environ: Mapping[str, str]) -> str | None:
    """The browser's program: the one that ESCALATION_CHROMIUM names, else the first on PATH; None if there is none."""
    named = environ.get(VARIABLE, "")
    return next((path for path in map(shutil.which, [named] if named else NAMES) if path), None)


def unavailable(environ: Mapping[str, str]) -> str | None:
    """Why there is no browser here, in one line; nothing if there is one."""
    if program(environ) is not None:
        return None
    if environ.get(VARIABLE):
        return f"{VARIABLE} {environ[VARIABLE][:200]!r}: no program there; expected the browser's"
    return f"no {', '.join(NAMES)} on PATH: install one (Debian: package `chromium`) or name it with {VARIABLE}"


@contextmanager
def launched(environ: Mapping[str, str] = os.environ) -> Iterator["Browser"]:
    """The browser, without a window. Its own sandbox is off: it does not work for root, and the pages are ours.

    While it runs, this thread counts as one in which an event loop runs: `asyncio.run` is refused in it.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program(environ), args=list(OPTIONS), chromium_sandbox=False)
        try:
            yield browser
        finally:
            browser.close()
