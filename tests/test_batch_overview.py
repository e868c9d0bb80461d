"""The overview: what it shows, in which order, and that nothing of a ticket becomes markup."""

import base64
import hashlib
import stat
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from factories import NOW, make_brief, make_escalation
from run_folders import USED, answer, done, folder_of, put

from agent.batch import overview
from agent.batch.overview import write_overview
from agent.batch.prices import load_prices
from agent.batch.results import summary
from agent.batch.run_folder import Row, RunFolder

HOSTILE = (
    "<script>alert(1)</script>",
    "</style></title></details></li><h1>Owned</h1>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}{% raw %}",
    "\u202egpj.exe\u2066\0\x1b[31m",
    "javascript:alert(1) https://evil.test/",
    "]]><!--",
)
VOID = {"meta", "br"}


class Page(HTMLParser):
    """Elements, attributes and text as a browser's parser would meet them. Fails where an element is not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text.append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


def page_of(folder: RunFolder, path: Path, model: str | None = "claude-sonnet-5-5") -> Page:
    figures = summary(folder, 1, load_prices(date(2026, 11, 30)), model)
    write_overview(folder, 1, figures, path / "all.html", NOW)
    return Page((path / "all.html").read_text("utf-8"))


def test_what_stands_on_the_page(tmp_path: Path) -> None:
    with folder_of(tmp_path) as folder:
        done(folder, "in/medium.eml", severity="medium", title="Second", backend="claude")
        incomplete = make_escalation().model_copy(update={"brief_status": "incomplete"})
        done(folder, "in/critical.eml", incomplete, severity="critical", title="First")
        done(folder, "in/ask.eml", make_escalation("needs_info"), title="Which account?")
        done(folder, "in/handle.eml", make_escalation("handle"), title="Not listed")
        put(folder, Row("in/bad.eml", "unreadable", error="'in/bad.eml' is no ticket: 0 characters"))
        put(folder, Row("in/no.eml", "failed", error="the model declined"))
        put(folder, Row("in/later.eml", "waiting"))
        answer(folder, "1", USED.model_copy(update={"calls": 1}))
        words = page_of(folder, tmp_path).words
    assert words.index("First") < words.index("Second") < words.index("Which account?") < words.index("in/bad.eml")
    assert "7 tickets, 2 to escalate" in words
    assert "No model read" not in words
    assert "Owner Critical Medium All Engineering 1 1 2 All 1 1 2" in words
    assert "in/critical.eml · incomplete brief" in words.replace("HD-4711 · ", "")
    assert "TEC-5 Bug confirmed and needs a code fix (hard, High, Engineering)" in words
    assert "“We reproduced it on our test account” — support, Mon 2025-03-24 09:10 UTC" in words
    assert "Hello Jana, we can reproduce the fault and Engineering looks at it now. Ola" in words
    assert "Account team: What is the account's annual value?" in words
    assert "unreadable: 'in/bad.eml' is no ticket: 0 characters" in words
    assert "failed: the model declined" in words
    assert "Cost, at the prices of 2026-11-30 $0.0262" in words  # 0.02625
    assert "1 handled in support and 1 without a result yet are not listed here" in words
    assert "Not listed" not in words
    assert stat.S_IMODE((tmp_path / "all.html").stat().st_mode) == 0o600


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_of_a_ticket_becomes_markup(tmp_path: Path, text: str) -> None:
    result = make_escalation()
    brief = make_brief().model_copy(update={"headline": text})
    shared = {"brief": brief, "customer_message": text}
    rule = result.decision.rules[0].model_copy(update={"because": text, "quotes": (text,)})
    question = result.decision.questions[0].model_copy(update={"text": text, "why": text})
    decision = result.decision.model_copy(update={"rules": (rule,), "questions": (question,), "deadline_basis": text})
    asked = make_escalation("needs_info")
    with folder_of(tmp_path) as folder:
        plain = page_of_one(folder, tmp_path, "harmless", make_escalation())
    with RunFolder(tmp_path / "hostile") as folder:
        done(folder, text, result.model_copy(update=shared | {"decision": decision}), title=text, ticket_id=text)
        done(
            folder,
            f"{text} ",
            asked.model_copy(update={"decision": asked.decision.model_copy(update={"questions": (question,)})}),
            title=text,
        )
        put(folder, Row(f"{text}  ", "failed", error=text))
        page = page_of(folder, tmp_path, model=text)
    written = (tmp_path / "all.html").read_text("utf-8")
    assert {tag for tag, _ in page.elements} <= {tag for tag, _ in plain.elements} | {"strong", "br"}
    for tag, attributes in page.elements:
        assert tag not in ("script", "img", "link", "iframe", "form")
        assert not any(name.startswith("on") or name in ("src", "style") for name in attributes)
        assert (attributes.get("href") or "#").startswith("#")
    assert not any(char in written for char in "\u202e\u2066\0\x1b")
    if text.isprintable():
        assert page.words.count(" ".join(text.split())) >= 10


def page_of_one(folder: RunFolder, path: Path, key: str, result: object) -> Page:
    done(folder, key, result)  # type: ignore[arg-type]
    done(folder, f"{key} ", make_escalation("needs_info"))
    put(folder, Row(f"{key}  ", "failed", error="x"))
    return page_of(folder, path)


def test_the_page_may_load_and_run_nothing(tmp_path: Path) -> None:
    with folder_of(tmp_path) as folder:
        page = page_of(folder, tmp_path)
    text = (tmp_path / "all.html").read_text("utf-8")
    policy = next(attributes["content"] for tag, attributes in page.elements if "http-equiv" in attributes)
    style = text.split("<style>")[1].split("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert "No ticket is to be escalated." in page.words


def test_only_figures_of_securitys_tickets(tmp_path: Path) -> None:
    with folder_of(tmp_path) as folder:
        done(folder, "a", make_escalation("escalate", "security"), title="Names of patients")
        words = page_of(folder, tmp_path).words
    assert "(withheld: Security)" in words
    assert "Only Security gets the details." in words
    for secret in ("patients", "ERR_5031", "Jana", "reproduced"):
        assert secret not in words
    assert "Acknowledge by" in words


def test_a_secret_of_the_ticket_is_masked(tmp_path: Path) -> None:
    secret = "Login password is hunter2"
    result = make_escalation()
    assert secret in {claim.quote for claim in result.facts.signals if claim.kind == "secret_in_ticket"}
    rule = result.decision.rules[0].model_copy(update={"quotes": (secret,)})
    decision = result.decision.model_copy(update={"rules": (rule,)})
    told = {"decision": decision, "customer_message": f"You wrote: {secret}."}
    with folder_of(tmp_path) as folder:
        done(folder, "a", result.model_copy(update=told))
        words = page_of(folder, tmp_path).words
    assert "“[secret]”" in words
    assert "You wrote: [secret]." in words
    assert "hunter2" not in words


def test_a_large_run_gives_a_page_that_says_what_it_leaves_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MOST_ESCALATED", "MOST_ASKED", "MOST_FAILED"):
        monkeypatch.setattr(overview, name, 2)
    with folder_of(tmp_path) as folder:
        for number in range(3):
            done(folder, f"e{number}", severity=("medium", "critical", "high")[number])
            done(folder, f"a{number}", make_escalation("needs_info"))
            put(folder, Row(f"f{number}", "failed", error="x"))
        page = page_of(folder, tmp_path)
    assert [name for name in ("e0", "e1", "e2") if name in page.words] == ["e1", "e2"]
    assert "1 more are to be escalated and not on this page: the CSV lists all" in page.words
    assert "1 more have questions and are not on this page" in page.words
    assert "1 more failed and are not on this page" in page.words
    assert sum(tag == "details" for tag, _ in page.elements) == 2


def test_a_run_without_a_model_says_so(tmp_path: Path) -> None:
    with folder_of(tmp_path) as folder:
        done(folder, "a", backend="offline")
        words = page_of(folder, tmp_path, model=None).words
    assert "Model none: the offline rules" in words
    warning = "Warning. No model read these tickets: facts were found by word rules"
    assert words.index("1 ticket, 1 to escalate") < words.index(warning) < words.index("Handle in support")
    assert "made without the model" not in words
    assert "Cost" not in words
