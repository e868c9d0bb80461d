"""The chat's surface without a terminal: turns from a pipe, pastes, kept chats, the clipboard, what is printed."""

import base64
import io
import json
import os
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from chats import EXAMPLES, EXPORT, NOW, THREAT, Talk, do, talked, turn

from agent.chat import clipboard, kept
from agent.chat.commands import COMMANDS
from agent.chat.completion import Commands
from agent.chat.events import Drafted, Event, ForCustomer, Refused, Spoken, Told
from agent.chat.interrupts import Interrupts
from agent.chat.kept import Keeper, checked, headline, listed, load, suggested
from agent.chat.opening import file_named, means_a_file
from agent.chat.painter import Painter, Screen
from agent.chat.pasting import END, START, Sorter, as_text, may_go_on
from agent.chat.progress import Progress, ending
from agent.chat.revision import Change, revision
from agent.chat.terminal import OWN, Terminal
from agent.errors import BadInput
from agent.readers import MAX_BYTES
from agent.render.layout import columns
from schemas.chat import Session

ROOT = Path(__file__).parents[1]


# Turns from a pipe


@pytest.fixture
def chat(tmp_path: Path) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """`escalation chat` with turns on its stdin."""

    def run(*arguments: str, turns: str = "", columns: str = "100") -> "subprocess.CompletedProcess[str]":
        own = {name: value for name, value in os.environ.items() if not name.startswith(("ANTHROPIC_", "ESCALATION_"))}
        own |= {"PYTHONPATH": str(ROOT), "ESCALATION_CHATS": str(tmp_path / "chats"), "COLUMNS": columns}
        own["ESCALATION_DB"] = str(tmp_path / "ledger.db")
        return subprocess.run(
            [sys.executable, "-m", "agent", "chat", "--now", NOW.isoformat(), "--by", "Ana Lima", *arguments],
            env=own,
            cwd=tmp_path,
            input=turns,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )

    return run


Chat = Callable[..., "subprocess.CompletedProcess[str]"]


def test_each_line_of_a_pipe_is_a_turn(chat: Chat) -> None:
    done = chat(str(EXAMPLES / "needs-info-threat.txt"), turns="/questions\n\n/tier L2\nwhat now?\n/save out.md\n")
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    order = ["Ask first: what decides", "> /questions", "Questions\n", "> /tier L2", "Tier: L1 → L2", "> what now?"]
    places = [done.stdout.index(part) for part in [*order, "saved: out.md"]]
    assert places == sorted(places)
    assert done.stderr.count("no model reads this ticket") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "no terminal to ask for the ticket: name it"),
        (("nowhere.txt",), "ticket 'nowhere.txt' cannot be read"),
        (("--resume", "nothing"), "no chat 'nothing' is kept"),
        (("--resume", "../etc/passwd"), "expected a name of at most 60"),
        (("--resume", "a", "--tier", "L2"), "leave --tier out"),
        (("x.txt", "--resume", "a"), "leave TICKET out"),
        (("x.txt", "--keep", "a/b"), "expected a name of at most 60"),
        (("x.txt", "--by", " "), "expected a name of 1 to 120"),
    ],
)
def test_bad_input_is_one_line(chat: Chat, arguments: tuple[str, ...], said: str) -> None:
    done = chat(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_a_ticket_that_is_none_ends_it_with_one_line(chat: Chat, tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text(" \n")
    done = chat("empty.txt", "--keep")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        "escalation: the ticket 'empty.txt' is empty, expected its text: pass a file or pipe it to stdin"
    )


def test_a_ticket_from_a_pipe_is_decided(chat: Chat) -> None:
    done = chat("-", "--keep", turns=THREAT)
    assert done.returncode == 0
    assert "Ask first: what decides" in done.stdout
    assert "kept from now on" in done.stdout
    assert "HD-20455" in chat("--sessions").stdout


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    turns = "".join("/ticket\n" for _ in range(400))
    command = [sys.executable, "-m", "agent", "chat", str(EXAMPLES / "needs-info-threat.txt"), "--backend", "offline"]
    own = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"], "ESCALATION_DB": str(tmp_path / "ledger.db")}
    with subprocess.Popen(
        command, env=own, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        with pytest.MonkeyPatch.context():
            try:
                process.stdin.write(turns)
                process.stdin.close()
            except BrokenPipeError:
                pass
        said = process.stderr.read()
        process.stdin = None
        assert process.wait(60) == 0, said
    assert "Traceback" not in said


def test_an_interruption_outside_a_turn_ends_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "agent", "chat", str(EXAMPLES / "needs-info-threat.txt"), "--backend", "offline"]
    own = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"], "ESCALATION_DB": str(tmp_path / "ledger.db")}
    with subprocess.Popen(
        command,
        env=own,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        # A run in the background of a shell hands on that SIGINT is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write("/steps\n")
        process.stdin.flush()
        while "Next steps" not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said == "escalation: interrupted\n"


# The first prompt


def test_a_file_is_known_by_its_name_however_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a ticket.txt"
    path.write_text("x")
    for given in ("a ticket.txt", f"{path} ", f"'{path}'", f'"{path}"', str(path).replace(" ", "\\ "), path.as_uri()):
        found = file_named(given)
        assert found is not None
        assert found.resolve() == path
    for other in ("", "a ticket.txt\nis here", "nobody", "\0", "~nobody-here/x", "x" * 10_000):
        assert file_named(other) is None


@pytest.mark.parametrize("name", ["tickt.txt", "./ticket", "/home/me/a b", "../x", "~/x", "case.EML"])
def test_what_can_only_be_a_file_is_not_taken_for_a_ticket(name: str) -> None:
    assert means_a_file(name)


@pytest.mark.parametrize(
    "text", ["The export fails.", "/help", "/save brief.md", "see a.txt please", "", "a.txt\nfails"]
)
def test_what_may_be_a_ticket_or_a_command_is_no_file(text: str) -> None:
    assert not means_a_file(text)


# Pastes


def test_typing_is_typing_and_a_burst_of_lines_is_a_paste() -> None:
    assert Sorter().sort("a") == [(False, "a")]
    assert Sorter().sort("yes\r") == [(False, "yes\r")]  # a program that types a line at once
    assert Sorter().sort("\x1b\r") == [(False, "\x1b\r")]  # Alt-Enter
    assert Sorter().sort("one\rtwo") == [(True, "one\rtwo")]
    assert Sorter().sort("one\r\rtwo\r") == [(True, "one\r\rtwo\r")]


def test_a_marked_paste_may_come_in_any_pieces() -> None:
    whole = f"x{START}one\rtwo\r{END}\r"
    for cut in range(len(START) + 1, len(whole) + 1):
        for then in range(cut, len(whole) + 1):
            sorter, found = Sorter(), []
            for piece in (whole[:cut], whole[cut:then], whole[then:]):
                found += sorter.sort(piece) if piece else []
            assert [text for pasted, text in found if pasted] == ["one\rtwo\r"], (cut, then)
            assert "".join(text for pasted, text in found if not pasted) == "x\r"
            assert not sorter.open


def test_a_paste_cannot_be_left_from_inside() -> None:
    assert Sorter().sort(f"{START}a{END}\r/quit\r{END}") == [(True, "a\r/quit\r")]


def test_an_endless_paste_is_cut_where_no_reader_takes_more() -> None:
    sorter = Sorter()
    sorter.sort(START)
    for _ in range(30):
        assert sorter.sort("x" * 1_000_000) == []
    [(pasted, text)] = sorter.sort(END)
    assert pasted
    assert len(text) == MAX_BYTES + 1


@pytest.mark.parametrize("begun", ["\x1b", "\x1b[20", f"{START}a", "one\rtwo", "one\r"])
def test_more_is_waited_for_where_it_may_come(begun: str) -> None:
    assert may_go_on(begun)
    assert not may_go_on("\r")
    assert not may_go_on("a")


def test_what_is_no_character_is_shown_as_such() -> None:
    assert as_text("a\r\nb\rc\udc80") == "a\nb\nc\ufffd"


# Kept chats


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ESCALATION_CHATS", str(tmp_path / "data" / "chats"))
    return tmp_path / "data" / "chats"


@pytest.fixture(scope="module")
def session() -> Session:
    return Talk(THREAT).chat.session


def keep(name: str, session: Session, at: datetime = NOW) -> None:
    """As one sitting does."""
    keeper = Keeper(name)
    keeper.keep(session, at)
    keeper.close()


def test_a_kept_chat_comes_back_whole_and_is_for_one_user(folder: Path, session: Session) -> None:
    keep("HD-20455", session)
    assert load("HD-20455") == session
    assert stat.S_IMODE((folder / "HD-20455.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    [one] = listed()
    assert (one.name, one.kept_at) == ("HD-20455", NOW)
    assert one.headline == "needs info: HD-20455 Third invoice with the wrong address!!!"


@pytest.mark.parametrize("name", ["", ".hidden", "a/b", "a\\b", "..", "a b", "x" * 61, "a.", "a\n", "ä", "-x"])
def test_a_name_is_a_name(name: str) -> None:
    with pytest.raises(BadInput, match="expected a name"):
        checked(name)


def test_two_do_not_write_into_one_chat(folder: Path, session: Session) -> None:
    first = Keeper("a")
    with pytest.raises(BadInput, match="open in another window"):
        Keeper("a")
    first.keep(session, NOW)
    with pytest.raises(BadInput, match="open in another window"):
        Keeper("a", resumed=True)
    first.close()
    with pytest.raises(BadInput, match="is kept already: `--resume a`"):
        Keeper("a")
    Keeper("a", resumed=True).close()
    assert load("a") == session
    assert folder.is_dir()


def test_a_damaged_or_newer_file_is_named_and_left_alone(folder: Path, session: Session) -> None:
    keep("good", session)
    whole = (folder / "good.json").read_text()
    newer = json.loads(whole)
    newer["session"]["format"] = 2
    for name, text in (("cut", whole[: len(whole) // 2]), ("newer", json.dumps(newer)), ("empty", ""), ("list", "[]")):
        (folder / f"{name}.json").write_text(text)
        with pytest.raises(BadInput, match="newer version" if name == "newer" else "is damaged") as error:
            load(name)
        assert "\n" not in str(error.value)
        assert (folder / f"{name}.json").read_text() == text
        with pytest.raises(BadInput, match="is kept already"):
            Keeper(name)
    assert {one.name for one in listed()[:2]} == {"newer", "good"}
    assert {one.headline for one in listed()[2:]} == {"cannot be read: damaged"}


def test_a_chat_gets_the_name_of_its_ticket(folder: Path, session: Session) -> None:
    assert suggested(session, "x.txt") == "HD-20455"
    keep("HD-20455", session)
    assert suggested(session, None) == "HD-20455-2"
    bare = Talk("The export fails.\n").chat.session
    assert suggested(bare, "my ticket (1).txt") == "my-ticket-1"
    assert suggested(bare, None) == "chat"
    assert headline(bare).endswith("The export fails.")
    assert folder.is_dir()


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ESCALATION_CHATS", str(tmp_path / "file"))
    with pytest.raises(BadInput, match="ESCALATION_CHATS"):
        Keeper("a")
    assert listed() == []


def test_a_turn_that_could_not_be_kept_is_kept_with_the_next(folder: Path, session: Session) -> None:
    keeper = Keeper("a")
    terminal, told = surface(session, keeper)
    terminal._keep_on()
    assert load("a") == session
    (folder / "a.json").unlink()
    (folder / "a.json").mkdir()
    terminal.chat.hear("/tier L2")
    terminal._keep_on()
    assert "this turn is not kept" in told.getvalue()
    (folder / "a.json").rmdir()
    terminal._keep_on()
    assert load("a") == terminal.chat.session != session
    keeper.close()


def surface(session: Session, keeper: Keeper | None = None) -> tuple[Terminal, io.StringIO]:
    """The surface over an engine without a model, and what it prints."""
    talk = Talk(None)

    def make(session: Session, tell: Callable[[Event], None]) -> object:
        talk.chat.session, talk.chat._tell = session, tell
        return talk.chat

    told = io.StringIO()
    painter = Painter(Screen(file=told, width=100), Progress(None))
    return Terminal(make, painter, lambda: NOW, session=session, screen=None, keeper=keeper), told  # type: ignore[arg-type]


# The clipboard


def test_the_terminal_gets_the_text_coded_and_tmux_hands_it_on() -> None:
    assert clipboard.sequence(b"abc", tmux=False) == "\x1b]52;c;YWJj\x07"
    assert clipboard.sequence(b"abc", tmux=True) == "\x1bPtmux;\x1b\x1b]52;c;YWJj\x07\x1b\\\x1b]52;c;YWJj\x07"


def test_a_program_is_preferred_and_named(tmp_path: Path) -> None:
    program = tmp_path / "wl-copy"
    program.write_text(
        f"#!{sys.executable}\nimport sys\nopen({str(tmp_path / 'got')!r}, 'w').write(sys.stdin.read())\n"
    )
    program.chmod(0o755)
    screen = io.StringIO()
    desk = {"WAYLAND_DISPLAY": "wayland-0", "PATH": str(tmp_path)}
    assert clipboard.copy("brief", "a ü\x1b", screen, desk) == Told("copied the brief (wl-copy)")
    assert (tmp_path / "got").read_text() == "a ü\x1b"
    assert screen.getvalue() == ""
    program.write_text("#!/bin/sh\nexit 1\n")
    told = clipboard.copy("brief", "a ü\x1b", screen, desk)
    assert "if it does not arrive there: /save FILE" in told.text
    assert base64.b64decode(screen.getvalue()[len("\x1b]52;c;") : -1]).decode() == "a ü\x1b"


def test_no_clipboard_is_said() -> None:
    assert clipboard.copy("brief", "x", None, {}).kind == "warning"
    screen = io.StringIO()
    assert "too long" in clipboard.copy("brief", "x" * 80_000, screen, {}).text
    assert screen.getvalue() == ""


# What is printed


def painted(*events: Event, width: int = 80) -> str:
    """The events on a screen without colour."""
    told = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(width))
        painter = Painter(Screen(file=told, width=width, markup=False, emoji=False), Progress(None))
        for event in events:
            painter.tell(event)
        painter.rest()
    return told.getvalue()


def events_of_a_whole_chat() -> list[Event]:
    talk, _ = talked(
        turn(
            do("support_said", text="Three other accounts report the same failure today."), say="It is in the ticket."
        ),
        turn(do("customer_message", text="We are on it.\n\nYou hear from us by 2031-01-01.")),
    )
    talk.chat.hear("Three other accounts report the same failure today.")
    talk.chat.hear("write to them")
    for command in ("/why", "/facts", "/findings", "/help", "/nonsense", "/edit X = y", "/copy brief"):
        talk.chat.hear(command)
    return [event for event in talk.told if event.__class__.__name__ != "Copy"]


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_it_fits_the_terminal(width: int) -> None:
    text = painted(*events_of_a_whole_chat(), width=width)
    long = [line for line in text.splitlines() if columns(line) > width]
    assert [line for line in long if " " in line.strip(" -|")] == [], "only a single word may be longer"
    assert "What changed" in text
    assert text.count("\nREPRODUCTION STEPS\n") == 1, "a brief is not shown again for a changed line"


def test_a_line_that_fits_keeps_its_spaces() -> None:
    table = "id    name      state\n1     portal    down"
    assert table in painted(Told(table, "answer"))


def test_nothing_in_it_steers_the_terminal_or_is_markup() -> None:
    evil = "[red]x[/red] \x1b]0;owned\x07 \x1b[2J \u202eexe \x9b1m :boom: [link=http://a]b[/link]\r"
    told: list[Event] = [
        Spoken(evil),
        Told(evil, "answer"),
        Told(evil, "warning"),
        Refused(evil),
        ForCustomer(evil, ()),
        Drafted(f"IMPACT\n{evil}", valid=False, findings=()),
    ]
    text = painted(*told)
    assert text.count("[red]x[/red] \\x1b]0;owned\\x07 \\x1b[2J \\u202eexe \\x9b1m") == len(told)
    assert not set(text) & set("\x1b\x07\u202e\x9b\r")


def test_the_first_result_shows_all_and_a_later_one_what_is_other() -> None:
    talk = Talk(EXPORT)
    first = painted(*talk.told)
    assert first.index("High: Escalate to Engineering") < first.index("\nWhy\n") < first.index("\nAsk\n")
    assert first.index("\nWarnings\n") < first.index("\nIMPACT\n")
    before = list(talk.told)
    talk.say("/wrong signal-1 it was a test account")
    both = painted(*before, *talk.told)
    later = both[len(first) :]
    assert later.lstrip().startswith("In the ticket now") or "What changed" in later
    assert "\nWhy\n" not in later
    assert "No model read this ticket" not in later, "a warning is given once"


def test_a_brief_that_is_asked_for_is_shown_whole() -> None:
    talk = Talk(EXPORT)
    talk.chat.hear("/brief")
    assert painted(*talk.told).count("\nISSUE DESCRIPTION\n") == 2


def test_a_revision_names_the_lines_and_ignores_the_date() -> None:
    before = "Date: Mon\n\nIMPACT\n- a: 1\n- b: 2\n\nWHAT'S NEEDED\n- Deadline: 1"
    after = "Date: Tue\n\nIMPACT\n- a: 1\n- b: 3\n\nWHAT'S NEEDED\n- Deadline: 1\n- more"
    assert revision(before, before.replace("Mon", "Wed")) == ()
    assert revision(before, after) == (
        Change("IMPACT", ("b: 2",), ("b: 3",)),
        Change("WHAT'S NEEDED", (), ("more",)),
    )
    assert revision(before, before.replace("\n- b: 2", "")) == (Change("IMPACT", ("b: 2",), ()),)
    assert revision(before, "\n".join(str(number) for number in range(30))) is None


def test_progress_is_drawn_and_taken_away() -> None:
    screen = io.StringIO()
    progress = Progress(screen)
    progress.begin("writing")
    progress.hear("some words \x1b[2J that came")
    progress._draw("writing")
    with progress.aside():
        screen.write("a line\n")
    progress.end()
    shown = screen.getvalue()
    assert "Writing the brief … 0 s  some words \\x1b[2J that came" in shown
    assert shown.endswith("\r\x1b[Ka line\n")


def test_the_tail_of_the_words_fits() -> None:
    assert ending("short", 40) == "short"
    assert ending("these are the last words that came", 20) == "…ast words that came"
    assert ending("x" * 50, 5) == ""
    for room in range(12, 40):
        assert columns(ending("日本語のとても長い文章です。" * 4, room)) <= room


# Ctrl-C


def test_an_interruption_waits_for_what_is_being_printed_and_comes_once() -> None:
    interrupts = Interrupts()
    printed: list[str] = []

    def prints() -> None:
        with interrupts.armed():
            with interrupts.held():
                interrupts._came(2, None)
                printed.append("whole")
            printed.append("never")

    def cleans_up() -> None:
        with interrupts.armed():
            try:
                interrupts._came(2, None)
            finally:
                interrupts._came(2, None)  # a second one, while it cleans up
                printed.append("cleaned")

    with interrupts.watched(True):
        with pytest.raises(KeyboardInterrupt):
            prints()
        interrupts._came(2, None)  # not armed: nothing to interrupt
        with pytest.raises(KeyboardInterrupt):
            cleans_up()
    assert printed == ["whole", "cleaned"]


# Completion


def offered(line: str, session: Session) -> list[str]:
    from prompt_toolkit.completion import CompleteEvent
    from prompt_toolkit.document import Document

    completer = Commands(lambda: session, OWN)
    return [c.text for c in completer.get_completions(Document(line), CompleteEvent())]


def test_commands_and_what_they_are_about_are_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    session = Talk(EXPORT).chat.session
    assert offered("/fi", session) == ["findings"]
    assert {"new", "keep", "quit", "why"} <= set(offered("/", session))
    assert offered("/why TEC", session) == ["TEC-5"]
    assert "signal-1" in offered("/wrong ", session)
    assert offered("/wrong signal-1 te", session) == []
    assert offered("/tier ", session) == ["L1", "L2", "manager"]
    assert "WHAT'S NEEDED: Deadline = " in offered("/edit WHAT'S", session)
    assert offered("plain words", session) == []
    assert offered("/why ", Session()) == []
    (tmp_path / "notes").mkdir()
    assert offered("/save no", session) == ["tes"]


def test_times_are_those_of_the_clock(folder: Path, session: Session) -> None:
    at = datetime(2026, 12, 1, 8, 30, tzinfo=UTC)
    keep("x", session, at)
    assert [one.kept_at for one in listed()] == [at]
    assert kept.folder() == folder


# Its page

PAGE = (ROOT / "docs" / "chat.md").read_text(encoding="utf-8")


def test_the_session_on_its_page_is_what_happens(chat: Chat, tmp_path: Path) -> None:
    [(arguments, shown)] = re.findall(r"<!-- session: (.+) -->\n```text\n(.*?)```", PAGE, re.DOTALL)
    turns = "".join(f"{line[2:]}\n" for line in shown.splitlines() if line.startswith("> "))
    ticket, *options = arguments.split()
    (tmp_path / "examples").symlink_to(EXAMPLES)
    printed = chat(ticket, *options, "--by", "Ana Lima", turns=turns, columns="96").stdout
    pattern = "".join(
        r"(?:.*\n)*?" if line == "…" else re.escape(line).replace("…", ".*") + r"\n" for line in shown.splitlines()
    )
    assert re.fullmatch(rf"\n{pattern}(?:.*\n)*", printed), printed
    assert (tmp_path / "brief.md").exists()


def test_its_page_lists_every_command() -> None:
    known = {name: (command.argument, command.help) for name, command in COMMANDS.items()}
    for name, (argument, help) in (known | OWN).items():
        written = f"/{name} {argument}".strip().replace("|", "\\|")
        assert f"| `{written}` | {help} |" in PAGE
