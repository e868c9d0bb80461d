"""A tool called with a model's arguments: validated, run, bounded. Each mistake is told so that the model can act."""

import difflib
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from agent.errors import EscalationError
from agent.tools.bounds import compact, fit
from agent.tools.desk import Caller, Desk
from agent.tools.logs import where
from agent.tools.tool import Tool
from schemas.road_tools import Bounded

PROBLEMS_SHOWN = 8
LONGEST_LINE = 2_000
LONGEST_NAME = 40
# What messages call the command line's verbs, and the tool that does the same.
TOOL_OF_VERB = {
    "run": "run_ticket",
    "check": "check_facts",
    "validate": "validate_brief",
    "similar": "find_similar",
    "same": "judge_same",
    "open": "open_escalation",
    "list": "list_escalations",
    "show": "show_escalation",
    "update": "log_update",
    "override": "record_person_decision",
    "severity": "record_person_decision",
    "deescalate": "record_person_decision",
    "return": "record_person_decision",
    "close": "record_person_decision",
    "term": "record_person_decision",
    **dict.fromkeys(("ack", "reject", "monitor", "resolve", "reopen", "handover"), "record_step"),
    **dict.fromkeys(("pause", "resume", "chase", "attach"), "record_step"),
}
FIELD_OF_FLAG = {"step": "ladder_step"}
_VERB = re.compile(r"\bescalation (" + "|".join(TOOL_OF_VERB) + r")\b(?: --[a-z-]+)*")
_FLAG = re.compile(r"(?<!\w)--([a-z][a-z-]+)")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to the model. `value` is None where it failed; `text` is its JSON, or what to do now."""

    text: str
    value: dict[str, Any] | None = None

    @property
    def failed(self) -> bool:
        """Whether the call came to nothing."""
        return self.value is None


def answer(tool: Tool, desk: Desk, arguments: object, caller: Caller | None = None) -> Answer:
    """Call a tool. Never raises for what the model, the ticket or the ledger did."""
    try:
        given = tool.takes.model_validate({} if arguments is None else arguments)
        return _answered(tool.run(desk, given, caller or Caller()))
    except Exception as error:
        return _failed(tool, error)


async def answer_async(tool: Tool, desk: Desk, arguments: object, caller: Caller | None = None) -> Answer:
    """As `answer`, without blocking the event loop."""
    from anyio import to_thread

    if tool.run_async is None:
        return await to_thread.run_sync(answer, tool, desk, arguments, caller)
    try:
        given = tool.takes.model_validate({} if arguments is None else arguments)
        return _answered(await tool.run_async(desk, given, caller or Caller()))
    except Exception as error:  # a cancellation is no Exception, and passes
        return _failed(tool, error)


def _answered(made: Bounded) -> Answer:
    value = fit(made.model_dump(mode="json"))
    return Answer(compact(value), value)


def _failed(tool: Tool, error: Exception) -> Answer:
    return Answer(told(tool, error)[:LONGEST_LINE])


def told(tool: Tool, error: Exception) -> str:
    """A mistake in a line: what was expected and what to do next, in the tools' own names."""
    if isinstance(error, ValidationError):
        return f"{tool.name}: {_problems(error, tool.takes)}; mend the arguments and call again"
    if isinstance(error, EscalationError):
        return _in_tools_names(str(error) or "failed", tool)
    _log.error("%s failed: %s", tool.name, where(error))  # its text may repeat the ticket
    _log.debug("%s failed", tool.name, exc_info=error)
    return f"{tool.name} failed inside ({type(error).__name__}), which is a fault of this program: tell the user"


def _in_tools_names(line: str, tool: Tool) -> str:
    """Verbs and flags of the command line as the tools that do the same, and as this tool's fields."""

    def field(match: re.Match[str]) -> str:
        name = FIELD_OF_FLAG.get(match[1], match[1].replace("-", "_"))
        return name if name in tool.takes.model_fields else match[0]

    return _FLAG.sub(field, _VERB.sub(lambda match: TOOL_OF_VERB[match[1]], line))


def _problems(error: ValidationError, model: type[BaseModel]) -> str:
    """The fields at fault and what was expected there. What was sent is not repeated: it may be a whole ticket."""
    found = error.errors(include_url=False)
    lines: dict[str, None] = {}
    for problem in found:
        where, kind = _where(problem["loc"]), problem["type"]
        if kind == "missing":
            lacking = [_name(other["loc"][-1]) for other in found if _lacks(other, problem["loc"][:-1])]
            line = f"{_where(problem['loc'][:-1])}: {', '.join(lacking)} missing"
        elif kind == "extra_forbidden":
            known = f", expected {', '.join(model.model_fields)}" if len(problem["loc"]) == 1 else ""
            line = f"{where}: no such field{known}"
        elif kind == "literal_error":
            line = f"{where}: expected {_one_of(problem['input'], str(problem['ctx']['expected']))}"
        else:
            line = f"{where}: {problem['msg']}"
        lines[line] = None
    more = len(lines) - PROBLEMS_SHOWN
    return "; ".join(list(lines)[:PROBLEMS_SHOWN]) + (f"; and {more} more" if more > 0 else "")


def _lacks(problem: Mapping[str, Any], parent: tuple[int | str, ...]) -> bool:
    return bool(problem["type"] == "missing" and problem["loc"][:-1] == parent)


def _where(place: tuple[int | str, ...]) -> str:
    return ".".join(_name(part) for part in place) or "arguments"


def _name(part: int | str) -> str:
    return str(part)[:LONGEST_NAME]


def _one_of(given: object, listed: str) -> str:
    names = [part.strip(" '") for part in listed.replace(" or ", ",").split(",")]
    near = difflib.get_close_matches(str(given)[:60], names, n=3, cutoff=0.5)
    return " or ".join(near) if near else listed if len(names) <= 14 else f"one of {len(names)} names, see the schema"
