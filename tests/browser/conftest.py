"""One browser for all tests of this folder, and for each test a site and a context of its own.

A test takes `page`, which has entered. At its end it fails for whatever speaks against the page: an error in the
console, an uncaught exception, something that the Content-Security-Policy had to stop, a dialog, a popup, a download, a
request to any origin but ours, a script of a ticket that ran. What the test brings about itself it says first:
`watch.expect("status of 422")`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from evals.browser.chromium import NARROW, VARIABLE, WIDE, launched, unavailable

if TYPE_CHECKING:
    from threading import Event

    from playwright.sync_api import Browser, BrowserContext, Page

    from evals.browser.serving import Clock, Served
    from evals.browser.watch import Watch

# Read before any test has its settings taken away.
ENVIRON = {name: os.environ[name] for name in ("PATH", VARIABLE) if name in os.environ}
REQUIRED = os.environ.get("ESCALATION_REQUIRE_CHROMIUM", "") not in ("", "0")
PATIENCE = 30_000
"""Milliseconds that a test waits for what it expects; the machine may be busy."""
SCREENS: Any = (("light", WIDE, "light"), ("dark", WIDE, "dark"), ("narrow", NARROW, "light"))
GRAVE = ("serious", "critical")


# For the folder, not for the session: while the browser runs, `asyncio.run` is refused, and other tests need that.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium, without a window."""
    reason = unavailable(ENVIRON)
    if reason and REQUIRED:
        pytest.fail(f"ESCALATION_REQUIRE_CHROMIUM is set, but: {reason}", pytrace=False)
    if reason:
        pytest.skip(reason)
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE)
    with launched(ENVIRON) as started:
        yield started


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """The site at its address; it can go away and come back."""
    from evals.browser.serving import Gated, serving

    with serving(tmp_path / "ledger.db", backend=Gated()) as started:
        yield started


@pytest.fixture
def gate(served: Served) -> Event:
    """Cleared, it makes each turn wait as if a model were thinking, until it is set again."""
    gate: Event = served.site.backend.gate  # type: ignore[attr-defined]
    return gate


@pytest.fixture
def clock(served: Served) -> Clock:
    """What counts as now for the site: `clock.forward(hours=5)`."""
    return served.clock


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that has never been here."""
    made = browser.new_context(viewport=WIDE, locale="en-GB", timezone_id="UTC", reduced_motion="reduce")
    made.set_default_timeout(PATIENCE)
    yield made
    made.close()


@pytest.fixture
def watch(context: BrowserContext, served: Served) -> Iterator[Watch]:
    """What speaks against the page. Ends the test with it."""
    from evals.browser.watch import Watch

    watching = Watch(context, served.origin)
    yield watching
    found = watching.found()
    if found:
        pytest.fail("\n".join(("the page did what it must not:", *found)), pytrace=False)


@pytest.fixture
def page(watch: Watch, served: Served) -> Page:
    """A tab that has entered by the printed address."""
    made = watch.new_page()
    made.goto(served.address)
    return made


@pytest.fixture
def axe() -> Callable[[Page], None]:
    """`axe(page)` fails with a list of what keeps people from using the page."""
    from axe_playwright_python.sync_playwright import Axe

    def check(page: Page) -> None:
        found: dict[str, Any] = Axe().run(page).response
        assert found["passes"], "axe looked at nothing"
        lines = [
            f"{rule['impact']} {rule['id']}: {rule['help']}: {node['html'][:160]}"
            for rule in found["violations"]
            if rule["impact"] in GRAVE
            for node in rule["nodes"]
        ]
        if lines:
            pytest.fail("\n".join((f"axe on {page.url}:", *lines)), pytrace=False)

    return check


@pytest.fixture
def screens() -> Callable[[Page], Iterator[str]]:
    """`for screen in screens(page)`: the page on each screen in turn, and no wider than it."""

    def each(page: Page) -> Iterator[str]:
        for name, size, scheme in SCREENS:
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=scheme)
            too_wide = page.evaluate(WIDER)
            assert too_wide == [], f"wider than {size['width']} px: {too_wide}"
            yield name

    return each


WIDER = """() => {
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth <= clientWidth) return [];
  const all = [...document.body.querySelectorAll("*")];
  const beyond = all.filter((one) => one.getBoundingClientRect().right > clientWidth);
  return [`${scrollWidth} px`, ...beyond.slice(0, 5).map((one) => one.outerHTML.slice(0, 120))];
}"""
