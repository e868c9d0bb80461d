"""What the first view weighs, and that what is measured and pictured is there. Times are for `dev.py bench page`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from evals.bench import page as bench
from evals.browser import screenshots

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from evals.browser.serving import Served

pytestmark = pytest.mark.loopback


def test_the_first_view_weighs_less_than_100_kilobytes(browser: Browser, served: Served) -> None:
    sizes = bench.first_view(browser, served)
    assert {"/?token=…", "/", "/static/style.css", "/static/htmx.min.js", "/static/page.js"} <= set(sizes)
    assert min(sizes.values()) > 100
    assert sum(sizes.values()) < bench.GOAL_BYTES


@pytest.mark.parametrize("name", bench.EDITORS)
def test_what_typing_is_measured_in_takes_keys(page: Page, served: Served, name: str) -> None:
    box = page.locator(bench.EDITORS[name](page, served))
    before = len(box.input_value())
    box.focus()
    page.keyboard.press("e")
    assert len(box.input_value()) == before + 1


def test_what_is_pictured_is_there(page: Page, served: Served) -> None:
    screenshots.seed(served)
    for way in dict.fromkeys(view.open for view in screenshots.VIEWS):
        way(page, served)
        assert page.locator("main h1").count() == 1
        assert page.locator("#trouble").inner_text() == ""


def test_the_pictures_are_those_of_the_views_and_small_enough_for_the_readme() -> None:
    kept = {path.stem: path.stat().st_size for path in screenshots.FOLDER.iterdir()}
    assert sorted(kept) == sorted(view.name for view in screenshots.VIEWS)
    assert max(kept.values()) <= screenshots.LARGEST
