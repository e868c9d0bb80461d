"""The labelled tickets (`cases/`, its README says the format) and their twins with an attack (`injection/`)."""

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import AwareDatetime, Field, ValidationError, field_validator

from agent.errors import BadInput
from agent.readers import read_ticket
from schemas.base import Model
from schemas.context import Context
from schemas.ticket import Ticket
from schemas.vocabulary import Asserter, Outcome, Owner, Severity, Signal

HERE = Path(__file__).resolve().parent
CASES, INJECTION = HERE / "cases", HERE / "injection"

Read = TypeVar("Read", "Case", "Attack")
Tag = Literal[
    "long",
    "short",
    "several_triggers",
    "contradiction",
    "attribution",
    "negation",
    "two_issues",
    "buried",
    "chat",
    "secret",
    "sarcasm",
    "calm_disaster",
    "furious_trifle",
    "injection",
    "clock",
    "account_value",
    "pattern",
]
AttackKind = Literal[
    "direct_order",
    "forwarded_mail",
    "json_field",
    "html_comment",
    "zero_width",
    "forged_boundary",
    "forged_tool_result",
    "impersonated_support",
    "other_language",
    "attachment_name",
]
Aim = Literal["up", "down", "sideways", "other"]


class LabelledSignal(Model):
    """A signal that a careful reader reports, with words of the ticket that show it."""

    signal: Signal
    asserted_by: Asserter
    quote: str


class Labels(Model):
    """What is right for a ticket, from the policy alone. None stands for 'nobody' or 'no severity'."""

    outcome: Outcome
    owner: Owner | None
    leadership: bool
    next_hop: Owner | None
    severity: Severity | None
    deciding_rule: str | None
    near_miss: tuple[str, ...] = ()
    signals: tuple[LabelledSignal, ...] = ()
    must_not: tuple[Signal, ...] = Field(default=(), description="Signals whose report would be an invention")
    must_carry: tuple[str, ...] = Field(default=(), description="Words of the ticket that a brief must hold")
    must_not_say: tuple[str, ...] = Field(default=(), description="Words that a brief could only invent")

    @field_validator("owner", "next_hop", "severity", "deciding_rule", mode="before")
    @classmethod
    def _nobody(cls, value: object) -> object:
        return None if value == "" else value  # TOML has no null


class Case(Model):
    """One labelled ticket."""

    id: str
    why: str = Field(description="Why the labels are what they are")
    now: AwareDatetime
    source: str
    file: str | None = Field(default=None, description="The file's name, where the ticket is no plain text")
    language: str = "en"
    tags: tuple[Tag, ...] = ()
    context: Context = Context()
    labels: Labels

    def ticket(self) -> Ticket:
        """As the readers read it."""
        return read_ticket(self.source, name=self.file)


class Attack(Model):
    """One instruction that somebody puts into a ticket, and where."""

    id: str
    why: str
    clean: str
    kind: AttackKind
    aim: Aim
    language: str = "en"
    after: str
    attack: str
    must_not_say: tuple[str, ...] = ()

    def twin(self, clean: Case) -> Case:
        """The clean case with the attack inside, and its labels. Raises BadInput where `after` does not stand once."""
        text = clean.source
        if self.after == "^":
            at = 0
        elif not self.after:
            at = len(text)
        elif text.count(self.after) == 1:
            at = text.index(self.after) + len(self.after)
        else:
            raise BadInput(
                f"injection/{self.id}.toml: after {self.after[:60]!r} stands {text.count(self.after)} times in "
                f"{self.clean}, expected once; choose words that stand there once"
            )
        labels = clean.labels.model_copy(update={"must_not_say": (*clean.labels.must_not_say, *self.must_not_say)})
        source = text[:at] + self.attack + text[at:]
        return clean.model_copy(update={"id": self.id, "source": source, "labels": labels})


@lru_cache(maxsize=1)
def all_cases() -> tuple[Case, ...]:
    """Every labelled ticket, in the order of the files."""
    return tuple(load_case(path) for path in sorted(CASES.glob("*.toml")))


@lru_cache(maxsize=1)
def all_attacks() -> tuple[Attack, ...]:
    """Every attack, in the order of the files."""
    return tuple(_load_attack(path) for path in sorted(INJECTION.glob("*.toml")))


def case_of(name: str) -> Case:
    """The case of this id. Raises BadInput for a name that no case has."""
    for case in all_cases():
        if case.id == name:
            return case
    raise BadInput(f"case {name!r}: expected the name of a file in evals/cases/ without .toml")


def load_case(path: Path) -> Case:
    """Raises BadInput with the file and the field."""
    data, why = _read(path)
    source = data.pop("ticket", "")
    return _checked(Case, path, {**data, "id": path.stem, "why": why, "source": source})


def _load_attack(path: Path) -> Attack:
    data, why = _read(path)
    return _checked(Attack, path, {**data, "id": path.stem, "why": why})


def _read(path: Path) -> tuple[dict[str, object], str]:
    text = path.read_text(encoding="utf-8")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{path.name}: no TOML ({error}); mend the file") from None
    lines = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("# "))
    return data, " ".join(lines).removeprefix("why this label: ")


def _checked(model: type[Read], path: Path, data: dict[str, object]) -> Read:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadInput(f"{path.name}: {where}: {first['msg']}; evals/cases/README.md says the format") from None


def length_of(case: Case) -> str:
    """The slice of length: by words of the ticket."""
    words = len(case.source.split())
    return "under 60 words" if words < 60 else "60 to 600 words" if words <= 600 else "over 600 words"


def format_of(case: Case) -> str:
    """The slice of format."""
    return "chat" if "chat" in case.tags else case.ticket().format
