"""What a tool is: its name, its words, what it takes and gives, what hosts should know of it, and what it does."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from agent.tools.desk import Caller, Desk
from schemas.road_tools import Bounded


@dataclass(frozen=True, slots=True)
class Hints:
    """For a host's permission dialog; the ledger's own rules hold whatever the host does.

    `read_only`: changes nothing but the case that the server keeps. `destructive`: lowers, ends or overrules something,
    so that the user should be asked. `idempotent`: the same call again changes nothing. `open_world`: calls a model.
    """

    read_only: bool = False
    destructive: bool = False
    idempotent: bool = False
    open_world: bool = False


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool. `run` may block; `run_async`, where there is one, waits without blocking and can be cancelled."""

    name: str
    title: str
    takes: type[BaseModel]
    gives: type[Bounded]
    run: Callable[[Desk, Any, Caller], Bounded]
    hints: Hints
    run_async: Callable[[Desk, Any, Caller], Awaitable[Bounded]] | None = None
    of_ledger: bool = False

    @property
    def description(self) -> str:
        """What the model reads."""
        from prompts import load

        return load(f"tools/{self.name}.md.j2").strip()

    @property
    def input_schema(self) -> dict[str, Any]:
        """JSON Schema of the arguments."""
        return _plain(self.takes.model_json_schema(mode="validation"))

    @property
    def output_schema(self) -> dict[str, Any]:
        """JSON Schema of the answer."""
        return _plain(self.gives.model_json_schema(mode="serialization"))


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """Without the titles that pydantic makes of the fields' names: a model pays for each."""
    plain: dict[str, Any] = {}
    for key, value in schema.items():
        if key in ("properties", "$defs"):
            plain[key] = {name: _plain(inner) for name, inner in value.items()}
        elif isinstance(value, dict):
            plain[key] = _plain(value)
        elif isinstance(value, list):
            plain[key] = [_plain(entry) if isinstance(entry, dict) else entry for entry in value]
        elif key != "title":
            plain[key] = value
    return plain
