"""The chat in a real pseudo-terminal, as a person meets it: keys in, a screen out."""

import base64
import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from messages import Messages, serving
from terminals import ALT_ENTER, CTRL_C, CTRL_D, ENTER, PROMPT, ROOT, TAB, UP, Terminal, escalation

from agent.backends.offline import OfflineBackend
from agent.pipeline import escalate
from agent.readers import read_ticket

EXPORT = ROOT / "examples" / "engineering-export-fails.txt"
THREAT = ROOT / "examples" / "needs-info-threat.txt"
NOW = "2026-11-19T09:00:00Z"
HIGH = r"High +Escalate to Engineering \(via L2 Support\)"

Open = Callable[..., Terminal]


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[Open]:
    """Starts `escalation chat` in a terminal; all are closed at the end, and none may have shown a traceback."""
    opened: list[Terminal] = []

    def start(*arguments: str, columns: int = 100, **settings: str) -> Terminal:
        own = {
            k: v for k, v in os.environ.items() if not k.startswith(("ANTHROPIC_", "ESCALATION_", "COLUMNS", "LINES"))
        }
        for name in ("NO_COLOR", "FORCE_COLOR", "TMUX", "DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"):
            own.pop(name, None)
        own |= {"TERM": "xterm-256color", "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
        own |= {"ESCALATION_CHATS": str(tmp_path / "chats"), "ESCALATION_DB": str(tmp_path / "ledger.db")}
        command = escalation("chat", "--by", "Ana Lima", "--now", NOW, *arguments)
        terminal = Terminal(command, own | settings, columns=columns, cwd=tmp_path)
        opened.append(terminal)
        return terminal

    yield start
    for terminal in opened:
        terminal.close()
        assert b"Traceback" not in terminal.raw


def leave(terminal: Terminal) -> int:
    """Ctrl-D at an empty prompt, twice where the chat is not kept."""
    terminal.send(CTRL_D)
    terminal.wait(r"not kept: /keep NAME first, or Ctrl-D again")
    terminal.prompt()
    terminal.send(CTRL_D)
    return terminal.leaves()


# The first prompt


def test_a_pasted_ticket_is_sent_by_enter(chat: Open) -> None:
    terminal = chat()
    before = terminal.modes()
    terminal.wait("Paste the ticket and press Enter")
    terminal.prompt()
    terminal.paste(EXPORT.read_text())
    terminal.wait(r"\[pasted \d+ lines: Ticket: HD-20418")
    terminal.send(ENTER)
    shown = terminal.wait(HIGH)
    terminal.wait("^Ask$")
    terminal.wait("^ISSUE DESCRIPTION$")
    terminal.prompt()
    assert "no model reads this ticket" in shown
    assert leave(terminal) == 0
    assert terminal.modes() == before
    assert not list(Path(terminal.cwd).iterdir()), "nothing is written unless asked"


def test_a_terminal_without_bracketed_paste_sends_no_line_alone(chat: Open) -> None:
    terminal = chat()
    terminal.prompt()
    terminal.send(EXPORT.read_text().replace("\n", "\r"))
    terminal.wait(r"\[pasted \d+ lines: Ticket: HD-20418")
    terminal.pause()
    terminal.send(ENTER)
    terminal.wait(HIGH)
    terminal.prompt()
    terminal.send("/note It is the same\rfor the second\r\rportal.")
    terminal.wait("^  portal.$")
    terminal.send(ENTER)
    terminal.wait("^What changed$")
    terminal.prompt()
    terminal.send("/ticket" + ENTER)
    terminal.wait("It is the same\nfor the second\n\nportal.")
    terminal.prompt()
    assert leave(terminal) == 0


def test_a_typed_ticket_ends_with_an_empty_line(chat: Open) -> None:
    terminal = chat()
    terminal.prompt()
    terminal.send("The portal is down, nobody can log in.")
    terminal.wait("log in.$")
    terminal.send(ENTER)
    terminal.send("Since 08:00")
    terminal.wait("^        Since 08:00$")
    terminal.send(ALT_ENTER)
    terminal.send("Mette")
    terminal.wait("^        Mette$")
    terminal.pause()
    terminal.send(ENTER)
    terminal.pause()
    terminal.send(ENTER)
    terminal.wait("^ Critical  Escalate to")
    terminal.prompt()
    assert leave(terminal) == 0


def test_a_file_is_opened_by_its_name(chat: Open, tmp_path: Path) -> None:
    (tmp_path / "a ticket.txt").write_bytes(EXPORT.read_bytes())
    terminal = chat()
    terminal.prompt()
    terminal.send("tickt.txt" + ENTER)
    terminal.wait("! 'tickt.txt': there is no such file")
    terminal.prompt()
    terminal.paste(f"'{tmp_path / 'a ticket.txt'}' ")  # as terminals write a file that is dragged into them
    terminal.send(ENTER)
    terminal.wait(HIGH)
    terminal.prompt()
    terminal.send(f"/new {THREAT}" + ENTER)
    terminal.wait("not kept: /keep NAME first, or /new again")
    terminal.prompt()
    terminal.send(UP)
    terminal.wait("^> /new")
    terminal.send(ENTER)
    terminal.wait("Ask first: what decides is not known yet")
    terminal.prompt()
    terminal.send("/quit" + ENTER)
    terminal.wait("not kept")
    terminal.prompt()
    terminal.send("/quit" + ENTER)
    assert terminal.leaves() == 0


def test_two_megabytes_do_not_freeze_it(chat: Open) -> None:
    text = "The export fails.\n" + "2026-11-19 08:00:00 INFO nothing of interest here\n" * 40_000
    terminal = chat(columns=80)
    terminal.prompt()
    terminal.paste(text)
    terminal.wait(r"\[pasted 40,001 lines: The export fails")
    terminal.send(CTRL_C)
    terminal.wait(r"^Ticket:$")
    terminal.send(text.replace("\n", "\r"))
    terminal.wait(r"\[pasted [\d,]+ lines: The export fails")
    terminal.send(CTRL_C)
    terminal.wait(r"^Ticket:$")
    terminal.send(CTRL_D)
    assert terminal.leaves() == 0


# Later turns


def test_the_prompt_edits_completes_and_says_how_to_leave(chat: Open) -> None:
    terminal = chat(str(EXPORT))
    terminal.prompt()
    terminal.send("never mind")
    terminal.wait("^> never mind")
    terminal.send(CTRL_C)
    terminal.wait(PROMPT)
    terminal.send(CTRL_C)
    terminal.wait("Ctrl-D or /quit leaves")
    terminal.prompt()
    terminal.send("/find")
    terminal.wait("^> /find")
    terminal.send(TAB)
    terminal.wait("^> /findings")
    terminal.send(ENTER)
    terminal.wait("^Findings$")
    terminal.prompt()
    terminal.send("/why TEC")
    terminal.wait("^> /why TEC")
    terminal.send(TAB)
    terminal.wait("^> /why TEC-5")
    terminal.send(ENTER)
    terminal.wait("^TEC-5 Technical: bug confirmed")
    terminal.prompt()
    terminal.send("/help" + ENTER)
    terminal.wait("^/again")
    terminal.wait("^/keep")
    terminal.prompt()
    terminal.send("/nonsense" + ENTER)
    terminal.wait("! no command '/nonsense'")
    terminal.prompt()
    assert leave(terminal) == 0


def test_what_support_says_is_decided_again_and_the_changes_come_first(chat: Open) -> None:
    terminal = chat(str(EXPORT))
    terminal.prompt()
    before = terminal.text
    terminal.send("/note Three other accounts report the same failure today." + ENTER)
    terminal.wait("^What changed$")
    terminal.wait(HIGH)
    terminal.prompt()
    later = terminal.text[len(before) :]
    assert "said by support" in later or "support" in later
    assert "IMPACT" not in later.partition("What changed")[0]
    assert leave(terminal) == 0


def test_copy_goes_through_the_terminal(chat: Open) -> None:
    terminal = chat(str(THREAT))
    terminal.prompt()
    terminal.send("/copy message" + ENTER)
    terminal.wait("sent the message to the terminal's clipboard; if it does not arrive there: /save FILE")
    terminal.prompt()
    [sent] = re.findall(rb"\x1b\]52;c;([^\x07]*)\x07", terminal.raw)
    assert "annual" not in base64.b64decode(sent).decode()
    assert base64.b64decode(sent).decode().startswith("Hello")
    assert leave(terminal) == 0


# A model at work


@pytest.fixture
def model() -> Iterator[Messages]:
    """A model that reads and writes as the offline rules do, streamed over HTTP."""
    seen: list[dict[str, Any]] = []

    class Watched(OfflineBackend):
        def answer(self, call: Any) -> Any:
            reply = super().answer(call)
            seen.append(reply.value.model_dump(mode="json"))
            return reply

    ticket = read_ticket(EXPORT.read_bytes(), name=EXPORT.name)
    escalate(ticket, backend=Watched(), now=datetime.fromisoformat(NOW).astimezone(UTC))
    why = {"actions": [{"kind": "explain", "target": "severity", "text": ""}], "say": "Support reproduced it on 8.4.1."}
    with serving(Messages({"record_facts": seen[:1], "submit_brief": seen[1:], "take_turn": [why]})) as messages:
        yield messages


@pytest.mark.loopback
def test_an_interrupted_turn_loses_nothing(chat: Open, model: Messages) -> None:
    model.hold("record_facts")
    terminal = chat(str(EXPORT), **model.environment)
    terminal.wait(r"^Reading the ticket … \d+ s  \S")
    terminal.send(CTRL_C + CTRL_C + CTRL_C)
    terminal.wait("! interrupted: nothing that was said is lost; /again goes on")
    terminal.prompt()
    assert "Reading the ticket …" not in terminal.text, "the line of progress is taken away"
    terminal.send("so?" + ENTER)
    terminal.wait("! the ticket was not decided .* /again does it")
    terminal.prompt()
    model.release()
    terminal.send("/again" + ENTER)
    terminal.wait(HIGH)
    terminal.prompt()
    assert "no model" not in terminal.text

    model.hold("take_turn")
    terminal.send("why so high?" + ENTER)
    terminal.wait(r"^Thinking … \d+ s")
    terminal.send(CTRL_C)
    terminal.wait("! interrupted: nothing was changed")
    terminal.prompt()
    terminal.send("why so high?" + ENTER)
    terminal.wait(r"^Thinking … \d+ s")
    terminal.send("/questions")  # typed meanwhile: not shown now, and there at the next prompt
    model.release()
    terminal.wait("^Model: Support reproduced it on 8.4.1.$")
    terminal.wait("^Severity: High$")
    terminal.wait("^> /questions$")
    terminal.send(ENTER)
    terminal.wait("^Questions$")
    terminal.prompt()
    assert leave(terminal) == 0


@pytest.mark.loopback
def test_an_outage_ends_no_chat(chat: Open) -> None:
    terminal = chat(str(EXPORT), ANTHROPIC_BASE_URL="http://127.0.0.1:9", ANTHROPIC_API_KEY="key-of-a-test")
    terminal.wait("! cannot reach http://127.0.0.1:9")
    terminal.wait("/again tries once")
    terminal.prompt()
    assert leave(terminal) == 0


# Kept chats


def test_a_kept_chat_is_resumed_by_one_process_at_a_time(chat: Open) -> None:
    first = chat(str(THREAT), "--keep", "threat")
    first.prompt()
    second = chat("--resume", "threat")
    second.wait("chat 'threat' is open in another window")
    assert second.leaves() == 2
    first.send("/tier L2" + ENTER)
    first.wait("Tier: L1 → L2")
    first.prompt()
    first.send(CTRL_D)
    assert first.leaves() == 0
    third = chat("--resume", "threat")
    third.wait("Ask first: what decides is not known yet")
    third.wait(r"1\. Account team:")
    third.prompt()
    third.send("/decision" + ENTER)
    third.wait("Tier +L2")
    third.prompt()
    third.send(CTRL_D)
    assert third.leaves() == 0
    fourth = chat("--sessions")
    fourth.wait("^threat  Thu 2026-11-19 09:00 UTC +needs info: HD-20455")
    assert fourth.leaves() == 0


# Terminals


HOSTILE = """Subject: [red]Export[/red] fails \x1b]0;owned\x07\x1b[2J\x1b[35m
[link=http://evil.example]click[/link] \u202eexe.gpj\u202c zero\u200bwidth
The export fails for all our users, nobody can work. \x9b31m :boom:
"""


def test_a_hostile_ticket_steers_no_terminal(chat: Open, tmp_path: Path) -> None:
    (tmp_path / "ticket.txt").write_text(HOSTILE, encoding="utf-8")
    terminal = chat("ticket.txt")
    terminal.prompt()
    terminal.send("/ticket" + ENTER)
    terminal.wait(r"\[red\]Export\[/red\] fails")
    terminal.wait(r"\[link=http://evil.example\]click\[/link\] \\u202eexe.gpj\\u202c")
    terminal.wait(":boom:")
    terminal.prompt()
    terminal.paste("/note \x1b]0;owned\x07 \u202eabc")
    terminal.wait("pasted")
    terminal.send(ENTER)
    terminal.prompt()
    assert leave(terminal) == 0
    for steering in ("\x1b]0;owned", "\x1b[2J", "\x1b[35m", "\u202e", "\u202c", "\x9b"):
        assert steering.encode() not in terminal.raw


def test_colours_are_off_where_they_are_not_wanted(chat: Open) -> None:
    coloured, plain = chat(str(EXPORT)), chat(str(EXPORT), NO_COLOR="1")
    coloured.wait(" High  Escalate to")
    coloured.prompt()
    plain.wait("^High: Escalate to")
    plain.prompt()
    assert coloured.colours()
    assert not plain.colours()
    assert leave(plain) == 0


def test_a_terminal_that_can_do_nothing_is_spared_all_codes(chat: Open) -> None:
    terminal = chat(TERM="dumb")
    terminal.wait("Ctrl-D on a line of its own")
    terminal.prompt()
    terminal.send(THREAT.read_text())
    terminal.wait("Jonas, Ledgerline Support")
    terminal.send(CTRL_D)
    terminal.wait("Ask first: what decides is not known yet")
    terminal.prompt()
    terminal.send("/questions\n")
    terminal.wait("^Questions$")
    terminal.prompt()
    terminal.send(CTRL_C)
    terminal.wait("Ctrl-D or /quit leaves")
    terminal.prompt()
    terminal.send(CTRL_D)
    terminal.wait("not kept")
    terminal.send(CTRL_D)
    assert terminal.leaves() == 0
    assert b"\x1b" not in terminal.raw


def test_a_narrow_terminal_and_one_that_changes_its_size(chat: Open) -> None:
    terminal = chat(str(EXPORT), columns=40)
    terminal.wait("High  Escalate to Engineering")
    terminal.prompt()
    narrow = len(terminal.text)
    assert max(len(line) for line in terminal.text.splitlines()) <= 40
    terminal.resize(90, 400)
    terminal.send("/why" + ENTER)
    terminal.wait("^Why$")
    terminal.prompt()
    assert 60 < max(len(line) for line in terminal.text[narrow:].splitlines()) <= 90
    assert leave(terminal) == 0
