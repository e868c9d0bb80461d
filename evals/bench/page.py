"""The page in a real browser: bytes and time of the first view, and how typing feels in a long ticket.

    python3 scripts/dev.py bench page

Each view in a context of its own, so that nothing is there from before. Over loopback, with the browser of this machine
(evals/browser/chromium.py). The bytes are the same each time; the times are those of a machine that others may use too.
"""

import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from evals.bench.bench import long_ticket, show  # noqa: E402
from evals.browser.chromium import WIDE, launched, unavailable  # noqa: E402
from evals.browser.screenshots import brief_editor  # noqa: E402
from evals.browser.serving import Served, serving  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

RUNS, KEYS = 10, 120
KEY_EVERY = 60
"""Milliseconds between two keys: faster than most people type."""
WORDS = 5_000
GOAL_BYTES, GOAL_READY, GOAL_GAP = 100_000, 500, 50  # bytes, milliseconds, milliseconds

READY = """addEventListener("DOMContentLoaded", () => requestAnimationFrame(() => setTimeout(() => {
  window.readyAt = performance.now();
})));"""
"""The scripts are deferred, so they have run by then; after the next frame the browser takes a key."""

FEEL = """() => {
  const felt = window.felt = {keys: [], gaps: [], tasks: []};
  // From the key to the end of the first frame that shows it.
  addEventListener("keydown", ({ timeStamp }) => requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => felt.keys.push(performance.now() - timeStamp);
    port2.postMessage(0);
  }), {capture: true});
  let last = performance.now();
  const frame = (now) => { felt.gaps.push(now - last); last = now; requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
  new PerformanceObserver((list) => felt.tasks.push(...list.getEntries().map(({ duration }) => duration)))
    .observe({type: "longtask"});
}"""


@dataclass(frozen=True)
class Typing:
    """Milliseconds. `keys`: from a key to the frame that shows it. `gaps`: between frames. `tasks`: over 50 ms."""

    keys: list[float]
    gaps: list[float]
    tasks: list[float]


def in_the_box(page: "Page", served: Served) -> str:
    """The start page with a long ticket in its box. Gives the selector of what is typed into."""
    page.goto(served.address)
    page.evaluate("(text) => { document.getElementById('text').value = text }", long_ticket(WORDS, 60)[0].text)
    return "#text"


def in_the_brief(page: "Page", served: Served) -> str:
    """The editor of a brief, which is checked while somebody types."""
    page.goto(served.address)
    brief_editor(page, served)
    return "#brief-form textarea >> nth=0"


EDITORS: dict[str, "Callable[[Page, Served], str]"] = {
    f"the ticket's box, {WORDS} words": in_the_box,
    "the brief's editor": in_the_brief,
}
"""Where people type long words: what opens it, and the selector of what is typed into."""


def main(_: list[str]) -> int:
    """Measure and print. Exit code 1 if the bytes miss their goal, 2 without a browser."""
    import os

    reason = unavailable(os.environ)
    if reason:
        print(f"bench: {reason}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder, launched() as browser, serving(Path(folder, "ledger.db")) as served:
        print(f"Chromium {browser.version}, medians of {RUNS} first views over loopback")
        sizes = first_view(browser, served)
        total = sum(sizes.values())
        show("first view", f"{total / 1000:.1f} kB", f"transferred in {len(sizes)} answers; goal: 100 kB")
        for name, size in sizes.items():
            show("", f"{size / 1000:.1f} kB", name)
        times = [ready(browser, served) for _ in range(RUNS)]
        for what, column in zip(
            ("all scripts have run", "a key would be taken"), zip(*times, strict=True), strict=True
        ):
            measure = f"{what}; {min(column):.0f} to {max(column):.0f} ms; goal: {GOAL_READY} ms"
            show("first view", f"{median(column):.0f} ms", measure)
        for name, opened in EDITORS.items():
            told(name, typing(browser, served, opened))
    return 0 if total < GOAL_BYTES else 1


def first_view(browser: "Browser", served: Served) -> dict[str, int]:
    """Bytes over the wire for the printed address and all that its page loads, headers included, by path."""
    page = browser.new_page(viewport=WIDE)  # type: ignore[arg-type]
    session = page.context.new_cdp_session(page)
    paths: dict[str, str] = {}
    sizes: dict[str, int] = {}

    def sent(event: dict[str, Any]) -> None:
        if "redirectResponse" in event:  # it keeps its id, and its end is not told by itself
            sizes["/?token=…"] = int(event["redirectResponse"]["encodedDataLength"])
        paths[event["requestId"]] = event["request"]["url"].removeprefix(served.origin).partition("?")[0]

    def finished(event: dict[str, Any]) -> None:
        sizes[paths[event["requestId"]]] = int(event["encodedDataLength"])

    session.on("Network.requestWillBeSent", sent)
    session.on("Network.loadingFinished", finished)
    session.send("Network.enable")
    page.goto(served.address, wait_until="networkidle")
    page.context.close()
    return sizes


def ready(browser: "Browser", served: Served) -> tuple[float, float]:
    """Milliseconds from the start of a first visit until its scripts have run, and until a key would be taken."""
    page = browser.new_page(viewport=WIDE)  # type: ignore[arg-type]
    page.add_init_script(READY)
    page.goto(served.address)
    page.wait_for_function("() => window.readyAt")
    page.keyboard.press("x")
    if page.locator("#text").input_value() != "x":
        raise SystemExit("the first key did not arrive in the box: this measures something else")
    loaded = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
    times: tuple[float, float] = tuple(page.evaluate(f"() => [{loaded}, window.readyAt]"))
    page.context.close()
    return times


def typing(browser: "Browser", served: Served, opened: "Callable[[Page, Served], str]") -> Typing:
    """What keys in the middle of long words cost."""
    page = browser.new_page(viewport=WIDE)  # type: ignore[arg-type]
    box = page.locator(opened(page, served))
    box.focus()
    box.evaluate("(one) => one.setSelectionRange(one.value.length / 2, one.value.length / 2)")
    before = len(box.input_value())
    page.evaluate(FEEL)
    for number in range(KEYS):
        page.keyboard.press("e" if number % 6 else "Space")
        page.wait_for_timeout(KEY_EVERY)
    felt = page.evaluate("() => window.felt")
    if len(box.input_value()) != before + KEYS or len(felt["keys"]) != KEYS:
        raise SystemExit(f"{len(felt['keys'])} of {KEYS} keys arrived: this measures something else")
    page.context.close()
    return Typing(**felt)


def told(name: str, felt: Typing) -> None:
    """The lines for one editor."""
    gaps = sorted(felt.gaps)
    high = f"{sum(gap > GOAL_GAP for gap in gaps)} of {len(gaps)} frames over the goal: {GOAL_GAP} ms"
    for what, values in (("key to frame", felt.keys), ("between frames", gaps)):
        ordered = sorted(values)
        measure = f"{name}; 95 %: {ordered[int(len(ordered) * 0.95)]:.0f} ms, worst: {ordered[-1]:.0f} ms"
        show(what, f"{median(ordered):.0f} ms", measure + (f"; {high}" if what == "between frames" else ""))
    show("tasks over 50 ms", str(len(felt.tasks)), f"{name}; longest: {max(felt.tasks, default=0):.0f} ms")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
