"""A raw support ticket in; a decision, and for an escalation a brief, out.

    from agent import escalate
    result = escalate(open("ticket.txt").read())

What is named here is loaded when it is first used: `import agent` alone is cheap.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.ground import ground
    from agent.pipeline import escalate, escalate_async
    from agent.policy.decide import decide
    from agent.readers import read_ticket
    from agent.validate import validate_brief

__all__ = ["decide", "escalate", "escalate_async", "ground", "read_ticket", "validate_brief"]

_HOME = {
    "decide": "agent.policy.decide",
    "escalate": "agent.pipeline",
    "escalate_async": "agent.pipeline",
    "ground": "agent.ground",
    "read_ticket": "agent.readers",
    "validate_brief": "agent.validate",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])


class _Package(ModuleType):
    """Importing `agent.ground` binds that module to the package, over the function of the same name: undo it."""

    def __setattr__(self, name: str, value: object) -> None:
        if name in _HOME and isinstance(value, ModuleType):
            value = getattr(value, name)
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
