"""Whether a ticket shows the same fault as earlier ones: what a model is asked, and what comes of it."""

from typing import Literal

from pydantic import Field

from schemas.base import Model, Moment


class Verdict(Model):
    """One earlier ticket, compared with the new one."""

    ticket: str = Field(description="The earlier ticket's id as given")
    same: Literal["yes", "no"] = Field(description="yes only if both show the same fault; in doubt no")
    reason: str = Field(description="One sentence: which observation both share, or which one sets them apart")


class Comparison(Model):
    """Says for each earlier ticket whether it shows the same fault as the new one."""

    verdicts: tuple[Verdict, ...]


class Similar(Model):
    """An earlier ticket that is the same, or may be. `same` None: possible, nobody has confirmed it."""

    ticket: str
    account: str | None = None
    title: str
    reported: Moment
    escalation: str | None = None
    state: str | None = None
    same: bool | None = None
    confirmed_by: Literal["support", "model", ""] = ""
    why: str = ""
    shared: tuple[str, ...] = Field(default=(), description="Error codes and words that both have")
