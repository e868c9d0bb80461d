"""The harness sees what it is there to see, and costs no other test anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Error

from evals.browser import chromium
from evals.browser.watch import MARK

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

    from evals.browser.serving import Clock, Served
    from evals.browser.watch import Watch

pytestmark = pytest.mark.loopback


DEEDS = {
    "console.error('broken')": "console: broken",
    "setTimeout(() => { throw new Error('thrown') })": "uncaught: thrown",
    "setTimeout(() => alert('hello'))": "dialog: hello",
    "document.body.append(Object.assign(document.createElement('script'), {textContent: 'let a'}))": (
        "console: Executing inline script violates the following Content Security Policy directive 'script-src 'self''"
    ),
    "document.body.setAttribute('style', 'color: red')": (
        "console: Applying inline style violates the following Content Security Policy directive 'style-src 'self''"
    ),
    "fetch('http://192.0.2.1/x', {mode: 'no-cors'}).catch(() => 0)": (
        "console: Connecting to 'http://192.0.2.1/x' violates the following Content Security Policy directive"
    ),
    f"window.{MARK} = 1": "console: a script of the ticket ran",
    "window.open('/static/icon.svg')": "popup: ",
}
ELSEWHERE = "request to another origin: GET http://192.0.2.1/x"


def test_what_a_page_must_not_do_is_seen(page: Page, watch: Watch) -> None:
    for deed in DEEDS:
        page.evaluate(f"() => {{ {deed} }}")
    page.evaluate("() => { location.href = 'http://192.0.2.1/x' }")
    for _ in range(200):
        if len(watch.found()) > len(DEEDS):
            break
        page.wait_for_timeout(20)
    missing = [said for said in (*DEEDS.values(), ELSEWHERE) if not any(f.startswith(said) for f in watch.found())]
    assert missing == [], watch.found()
    watch.expect("")


def test_what_is_asked_for_elsewhere_does_not_leave(context: BrowserContext) -> None:
    """Neither by a name nor by an address, and no test waits for it."""
    page = context.new_page()
    for elsewhere in ("http://192.0.2.1/", "http://elsewhere.example/"):
        with pytest.raises(Error, match="net::ERR_NAME_NOT_RESOLVED"):
            page.goto(elsewhere)


def test_what_the_test_brings_about_itself_is_no_fault(page: Page, watch: Watch) -> None:
    watch.expect("status of 404")
    page.goto(page.url + "nowhere")
    assert any("status of 404" in fault for fault in watch.faults)
    assert watch.found() == []


def test_axe_finds_what_nobody_can_read(page: Page, axe: Callable[[Page], None]) -> None:
    axe(page)
    page.evaluate(
        """() => {
          document.querySelector("label[for=text]").remove();
          document.querySelector("h1").style.color = "#eee";
          document.querySelector("main").append(Object.assign(document.createElement("button"), {className: "bare"}));
        }"""
    )
    with pytest.raises(pytest.fail.Exception) as raised:
        axe(page)
    first, *rest = str(raised.value).splitlines()
    assert first == f"axe on {page.url}:"
    assert [line.split(":")[0] for line in rest] == [
        "critical button-name",
        "serious color-contrast",
        "serious label-title-only",
    ]


def test_what_is_wider_than_the_screen_is_named(page: Page, screens: Callable[[Page], Iterator[str]]) -> None:
    assert list(screens(page)) == ["light", "dark", "narrow"]
    page.evaluate("() => { document.querySelector('h1').style.width = '500px' }")
    with pytest.raises(AssertionError, match=r"(?s)wider than 360 px: .*<h1"):
        list(screens(page))


def test_the_clock_goes_on_when_the_test_says_so(served: Served, clock: Clock) -> None:
    before = served.site.clock()
    clock.forward(hours=5)
    assert (served.site.clock() - before).total_seconds() == 5 * 3600


def test_the_browser_is_the_one_that_is_named_else_the_first_on_the_path(tmp_path: Path) -> None:
    for name in ("google-chrome", "chromium", "mine"):
        (tmp_path / name).touch(mode=0o755)
    path = {"PATH": str(tmp_path)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(tmp_path))
        assert chromium.program(path) == str(tmp_path / "chromium")
        assert chromium.program(path | {chromium.VARIABLE: str(tmp_path / "mine")}) == str(tmp_path / "mine")
        assert chromium.unavailable(path) is None
        gone = chromium.unavailable({chromium.VARIABLE: "/no/such"})
        assert gone == "ESCALATION_CHROMIUM '/no/such': no program there; expected the browser's"
        for name in ("google-chrome", "chromium"):
            (tmp_path / name).unlink()
        none = chromium.unavailable(path)
        assert none is not None
        assert none.startswith("no chromium, chromium-browser, google-chrome on PATH: install one")
