"""What follows from a person's words in the chat: is it the right thing, and does nothing move that must not?

The utterances of turns/ are said to the chat's own engine, each in its state: a session in which the offline rules have
read a ticket at a fixed time. States are kept (turns/states/), so that a better reading asks no model anew. A model's
answers are recorded (turns/answers.json), each under the hash of the exact request that it answered; the word rules
answer by themselves. Scored by evals/turn_figures.py.
"""

import json
import tempfile
from collections.abc import Callable, Mapping
from contextlib import chdir
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import repeat
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import ValidationError

from agent.backends.base import BackendName, Call, Reply, TurnCall
from agent.backends.conversation import request
from agent.backends.offline.backend import OfflineBackend
from agent.chat.engine import Chat
from agent.chat.events import Event
from agent.errors import BadInput
from agent.policy.settings import load_settings
from evals.sameness import request_sha256
from schemas.base import Model
from schemas.chat import ActionKind, Session, Turn
from schemas.escalation import Escalation
from schemas.ticket import Ticket

ROOT = Path(__file__).parents[1]
FOLDER = Path(__file__).parent / "turns"
ANSWERS = FOLDER / "answers.json"
STATES = FOLDER / "states"
PERSON = "Ana Lima"
Mode = Literal["recorded", "offline"]
Part = Literal["utterances", "unseen"]
Recorded = Mapping[str, Turn]


class Label(Model):
    """An action that is right. Several targets or texts: each of them is. `text` None: its words are not compared.

    What was said has for its target the number of the question that it answers, or nothing.
    """

    kind: ActionKind
    target: str | tuple[str, ...] = ""
    text: str | tuple[str, ...] | None = None


class Before(Turn):
    """A turn that was taken before the utterance."""

    words: str


class Utterance(Model):
    """What a person types. `alternatives`: whole readings that are as right as `expected`."""

    id: str
    state: str
    language: Literal["en", "de", "es", "fr", "pt"]
    words: str
    expected: tuple[Label, ...]
    alternatives: tuple[tuple[Label, ...], ...] = ()
    before: tuple[Before, ...] = ()
    must_not: str = ""
    note: str = ""

    @property
    def readings(self) -> tuple[tuple[Label, ...], ...]:
        """All that are right, the first one first."""
        return (self.expected, *self.alternatives)


@dataclass(frozen=True, slots=True)
class Played:
    """What came of one utterance. `turn` None: no answer to this very request is recorded.

    `result` and `ticket`: the state in which it was said; `events`: all that the engine told from then on.
    """

    utterance: Utterance
    sent: dict[str, Any]
    turn: Turn | None
    events: tuple[Event, ...]
    result: Escalation
    ticket: Ticket


class Missing(Exception):
    """No answer to this very request is recorded."""


class Reader:
    """The offline rules read and write; a turn is answered by what is recorded, or by the word rules."""

    model: str | None = None

    def __init__(self, answers: Recorded | None) -> None:
        self.name: BackendName = "host"
        self.next: Turn | None = None  # a scripted answer to the turn that comes
        self.sent: dict[str, Any] = {}
        self.turn: Turn | None = None
        self._answers = answers
        self._offline = OfflineBackend()

    def answer(self, call: Call) -> Reply:
        """One call, one reply. Raises Missing."""
        if not isinstance(call, TurnCall):
            return self._offline.answer(call)
        if self.next is not None:
            scripted, self.next = self.next, None
            return Reply(scripted)
        self.sent = request(call, "model", 4000)
        reply = self._offline.answer(call) if self._answers is None else Reply(self._recorded(self._answers))
        assert isinstance(reply.value, Turn)
        self.turn = reply.value
        return reply

    async def answer_async(self, call: Call) -> Reply:
        """As `answer`."""
        return self.answer(call)

    def _recorded(self, answers: Recorded) -> Turn:
        known = answers.get(request_sha256(self.sent))
        if known is None:
            raise Missing
        return known


@cache
def utterances(part: Part = "utterances") -> tuple[Utterance, ...]:
    """All of a set, in the order of its file. `unseen`: not looked at while the word rules were mended."""
    lines = (FOLDER / f"{part}.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(Utterance.model_validate_json(line) for line in lines)


@cache
def states() -> dict[str, tuple[str, datetime]]:
    """The ticket's file and the time, by the state's name."""
    found = json.loads((FOLDER / "states.json").read_text(encoding="utf-8"))
    return {name: (state["ticket"], datetime.fromisoformat(state["now"])) for name, state in found.items()}


@cache
def session_of(state: str) -> Session:
    """The chat's session in a state, as it is kept. `state`: its name, or the id of an utterance with turns before."""
    return Session.model_validate_json((STATES / f"{state}.json").read_bytes())


def keep_states() -> int:
    """Read the tickets anew by today's offline rules, and keep what comes of it. Returns how many states.

    What is recorded for a state that came out otherwise is no answer any more, and its labels may name what is gone.
    """
    for state, (file, now) in states().items():
        chat = Chat(OfflineBackend(), load_settings(), lambda _: None, by=PERSON, clock=repeat(now).__next__)
        chat.begin((ROOT / file).read_bytes(), Path(file).name)
        _keep(state, chat.session)
    session_of.cache_clear()
    later = [utterance for part in get_args(Part) for utterance in utterances(part) if utterance.before]
    for utterance in later:
        with tempfile.TemporaryDirectory() as folder, chdir(folder):
            _keep(utterance.id, _led_to(utterance, Reader(None), lambda _: None).session)
    return len(states()) + len(later)


def _keep(state: str, session: Session) -> None:
    (STATES / f"{state}.json").write_text(session.model_dump_json(indent=1) + "\n", "utf-8")


def _led_to(utterance: Utterance, reader: Reader, tell: Callable[[Event], None]) -> Chat:
    """A chat in which what comes before the utterance was said."""
    now = states()[utterance.state][1]
    chat = Chat(reader, load_settings(), tell, by=PERSON, clock=lambda: now, session=session_of(utterance.state))
    for before in utterance.before:
        reader.next = Turn(actions=before.actions, say=before.say)
        chat.hear(before.words)
    return chat


def play(utterance: Utterance, answers: Recorded | None) -> Played:
    """Say it to the engine. `answers` None: the word rules answer. What it saves goes into a folder thrown away."""
    reader, told = Reader(answers), list[Event]()
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        chat = _led_to(utterance, reader, told.append)
        if utterance.before:
            chat.session = session_of(utterance.id)
        result, ticket = chat.session.result, chat.ticket
        if result is None or ticket is None or chat.session.pending:
            raise ValueError(f"{utterance.id}: what was said before it did not lead to a result")
        told.clear()
        reader.name = "offline" if answers is None else "host"
        try:
            chat.hear(utterance.words)
        except Missing:
            told.clear()
    return Played(utterance, reader.sent, reader.turn, tuple(told), result, ticket)


def play_all(mode: Mode, answers: Recorded | None = None, part: Part = "utterances") -> list[Played]:
    """Every utterance of a set. `answers`: instead of the recorded ones."""
    known = None if mode == "offline" else recorded() if answers is None else answers
    return [play(utterance, known) for utterance in utterances(part)]


def recorded() -> dict[str, Turn]:
    """What is recorded, by the hash of the request."""
    if not ANSWERS.exists():
        return {}
    found = json.loads(ANSWERS.read_text(encoding="utf-8"))
    return {sha: Turn.model_validate(turn) for sha, turn in found.items()}


def requests(*parts: Part) -> dict[str, dict[str, Any]]:
    """What a model is given for each utterance, by its id."""
    return {played.utterance.id: played.sent for part in parts for played in play_all("recorded", {}, part)}


def write_requests(folder: Path, part: Part = "utterances") -> int:
    """A file for each request, as a model is given it and with no label. Returns how many."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise BadInput(f"--requests {str(folder)!r}: expected a folder, found a file; name another") from None
    asked = requests(part)
    for name, sent in asked.items():
        (folder / f"{name}.json").write_text(json.dumps(_told(sent), ensure_ascii=False, indent=1) + "\n", "utf-8")
    return len(asked)


def _told(sent: dict[str, Any]) -> dict[str, Any]:
    return {key: sent[key] for key in ("system", "tools", "messages")}


def store_answers(folder: Path, asked: Path | None = None) -> tuple[int, tuple[str, ...]]:
    """Take in answers, each under the hash of the request as it is made today. Returns how many, and the ids without.

    `asked`: the folder of requests that was answered; an answer to a request that is another one today is refused.
    Answers recorded before stay where their request is still made. Raises BadInput, and then nothing is stored.
    """
    if not folder.is_dir():
        raise BadInput(f"--answers {str(folder)!r}: expected a folder of answers, ID.json each")
    sent = requests(*get_args(Part))
    unknown = sorted(path.stem for path in folder.glob("*.json") if path.stem not in sent)
    if unknown:
        raise BadInput(f"--answers {unknown[0]!r}: expected the id of an utterance in evals/turns/utterances.jsonl")
    known = recorded()
    kept = {sha: known[sha] for sha in map(request_sha256, sent.values()) if sha in known}
    new = {}
    for name in sent:
        path = folder / f"{name}.json"
        if path.exists():
            if asked is not None and _read(asked / path.name) != json.loads(json.dumps(_told(sent[name]))):
                raise BadInput(f"--asked {name!r}: expected the request as it is made today; ask anew")
            new[request_sha256(sent[name])] = _answer(path)
    both = {sha: turn.model_dump(mode="json") for sha, turn in sorted({**kept, **new}.items())}
    ANSWERS.write_text(json.dumps(both, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return len(new), tuple(name for name in sent if request_sha256(sent[name]) not in both)


def _answer(path: Path) -> Turn:
    try:
        return Turn.model_validate(_read(path))
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(map(str, fault["loc"])) or "the answer"
        raise BadInput(f"--answers {path.name!r}: {place}: {fault['msg']}; expected the input of take_turn") from None


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise BadInput(f"{path.name!r}: expected a file of JSON") from None
