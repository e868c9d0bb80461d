"""Pictures of the page for the documentation: docs/screens/*.png.

    python3 scripts/dev.py screenshots            all of them
    python3 scripts/dev.py screenshots NAME…      these

The tickets are those of examples/, the clock stands still, and the offline rules read. So the same commit gives the
same pictures, as far as the browser and the letters of the machine are the same.
"""

import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import httpx2

from evals.browser.chromium import NARROW, WIDE, launched, unavailable
from evals.browser.serving import Clock, Served, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "screens"
LARGEST = 150_000  # bytes of a picture
EXPORT, PORTAL, THREAT = "engineering-export-fails", "critical-portal-down", "needs-info-threat"
NOW = datetime(2026, 11, 20, 17, 30, tzinfo=UTC)
"""When the pictures are taken: a Friday evening, soon after the last message of the portal's ticket."""
ESCALATED = ((EXPORT, datetime(2026, 11, 16, 15, 0, tzinfo=UTC)), (PORTAL, NOW))
"""What stands in the ledger, and since when."""

Open = Callable[["Page", Served], object]


@dataclass(frozen=True)
class View:
    """`open` leads a page that has entered to what is shown.

    `seeded`: with a ledger in which something stands. `whole`: the page to its end, not only the first screen.
    """

    name: str
    open: Open
    size: dict[str, int]
    scheme: Literal["light", "dark"] = "light"
    seeded: bool = False
    whole: bool = False


def path(path: str) -> Open:
    """The page at this path."""
    return lambda page, served: page.goto(served.origin + path)


def ticket(name: str) -> Open:
    """The case of an example ticket, pasted by hand."""

    def paste(page: "Page", served: Served) -> None:
        page.goto(served.origin)
        page.get_by_label("The ticket", exact=True).fill(text_of(name))
        page.get_by_role("button", name="Read it").click()
        page.wait_for_url("**/cases/*")
        page.locator("[sse-connect]").wait_for(state="detached")
        page.reload()  # the same, whether the result came with the page or into it

    return paste


def brief_editor(page: "Page", served: Served) -> None:
    """The brief of the portal's ticket, about to be edited."""
    CRITICAL(page, served)
    page.get_by_text("Edit the brief", exact=True).click()
    page.locator("#brief-form textarea").first.focus()
    page.locator("#edit-brief").evaluate("(one) => one.scrollIntoView()")


CRITICAL = ticket(PORTAL)
VIEWS = (
    View("start", path("/"), WIDE),
    View("critical", CRITICAL, WIDE),
    View("critical-dark", CRITICAL, WIDE, "dark"),
    View("critical-narrow", CRITICAL, NARROW),
    View("needs-info", ticket(THREAT), WIDE),
    View("brief-editor", brief_editor, WIDE | {"height": 560}),
    View("inbox", path("/escalations"), WIDE, seeded=True),
)


def main(names: list[str]) -> int:
    """Take the pictures. Exit code 1 if one is too large, 2 if none could be taken."""
    reason = unavailable(os.environ)
    unknown = sorted(set(names) - {view.name for view in VIEWS})
    if unknown:
        reason = f"{', '.join(unknown)}: expected some of {', '.join(view.name for view in VIEWS)}"
    if reason:
        print(f"screenshots: {reason}", file=sys.stderr)
        return 2
    FOLDER.mkdir(exist_ok=True)
    code = 0
    with launched() as browser:
        for view in VIEWS:
            if names and view.name not in names:
                continue
            raw = taken(browser, view)
            (FOLDER / f"{view.name}.png").write_bytes(raw)
            fits = len(raw) <= LARGEST
            code = code if fits else 1
            print(f"{view.name}.png  {len(raw) / 1000:.0f} kB{'' if fits else f'  over {LARGEST // 1000} kB'}")
    return code


def taken(browser: "Browser", view: View) -> bytes:
    """The picture of a view, as PNG. Each has a site of its own, so that none shows what another left behind."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder, "ledger.db"), Clock(NOW)) as served:
        if view.seeded:
            seed(served)
        with browser.new_context(**settings_of(view)) as context:
            page = context.new_page()
            page.goto(served.address)
            view.open(page, served)
            page.wait_for_load_state("networkidle")
            return page.screenshot(full_page=view.whole, animations="disabled")


def settings_of(view: View) -> dict[str, Any]:
    """The browser's settings for a view."""
    return {
        "viewport": view.size,
        "color_scheme": view.scheme,
        "device_scale_factor": 1,
        "locale": "en-GB",
        "timezone_id": "UTC",
        "reduced_motion": "reduce",
    }


def seed(served: Served) -> None:
    """Escalate what the pictures of the ledger show, by the requests that the page's own forms send."""
    with httpx2.Client(
        base_url=served.origin, headers={"Origin": served.origin}, follow_redirects=True, trust_env=False
    ) as client:
        client.get(served.address).raise_for_status()
        for name, now in ESCALATED:
            served.clock.now = now
            case = client.post("/cases", data={"text": text_of(name)}).raise_for_status().url.path
            client.post(f"{case}/say", data={"do": "open"}).raise_for_status()
            served.settle()
            client.post(f"{case}/away").raise_for_status()


def text_of(name: str) -> str:
    """An example ticket."""
    return (ROOT / "examples" / f"{name}.txt").read_text(encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
