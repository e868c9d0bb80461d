"""A raw support ticket in; a decision, and for an escalation a brief, out.

    from agent import escalate
    result = escalate(open("ticket.txt").read())

What is named here is loaded when it is first used: `import agent` alone is cheap.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.grounding.ground import ground
    from agent.pipeline import escalate, escalate_async
    from agent.policy.decide import decide
    from agent.readers import read_ticket
    from agent.validate import validate_brief

__all__ = ["decide", "escalate", "escalate_async", "ground", "read_ticket", "validate_brief"]

_HOME = {
    "decide": "agent.policy.decide",
    "escalate": "agent.pipeline",
    "escalate_async": "agent.pipeline",
    "ground": "agent.grounding.ground",
    "read_ticket": "agent.readers",
    "validate_brief": "agent.validate",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
