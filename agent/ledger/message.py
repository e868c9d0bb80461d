"""A short message about an escalation, ready for a chat: where it stands, or all that is due. Pure.

What a ticket says may neither ping nor link nor format anything in the chat. Slack's mrkdwn has no escape character: a
backslash is shown, and a zero-width character is no remedy, since Slack takes it for the edge of a word, at which a
mark begins to count. So the characters that a chat acts upon are replaced by others that look like them; the three
that Slack does escape (& < >) become its entities. Teams gets the same for what pings and links, and Markdown's own
backslashes for the rest.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, get_args

from agent.ledger.moments import both, span
from agent.ledger.notices import need_to_know
from agent.render.sanitise import markdown_line, one_line
from schemas.ledger import Record, Timer
from schemas.vocabulary import OWNER_LABEL

if TYPE_CHECKING:
    from jinja2 import Environment

Form = Literal["slack", "teams", "text"]
Kind = Literal["status", "due"]
FORMS: tuple[Form, ...] = get_args(Form)
KINDS: tuple[Kind, ...] = get_args(Kind)

# A dot before a letter makes a host name of two words, a colon between letters a scheme or an emoji, # a channel.
_DOT = re.compile(r"(?<=\w)\.(?=[^\W\d_])")
_COLON = re.compile(r"(?<=[^\W\d_]):(?=\S)|:(?=[a-z+-][\w+'-]*:)", re.IGNORECASE)
_CHANNEL = re.compile(r"#(?=[^\W\d_])")
# Inside a word, as in `user_id`, an underscore formats nothing.
_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_SLACK = str.maketrans(
    {"*": "\u2217", "~": "\u223c", "`": "\u02cb", "&": "&amp;", "<": "&lt;", ">": "&gt;"},
)

_PASTED = _SLACK | str.maketrans({"&": "&", "<": "\u2039", ">": "\u203a"})


def message(record: Record, running: Sequence[Timer], now: datetime, *, form: Form, kind: Kind = "status") -> str:
    """The message. `running`: the record's timers, soonest due first. Of a Security case: id, severity and state.

    Times are in support's zone and, where it is known and another, in the customer's.
    """
    plain = record.model_dump(mode="json")

    def at(moment: datetime | None) -> str:
        return "" if moment is None else both(moment, plain)

    team = record.with_team or record.owner
    values = {
        "kind": kind,
        "id": record.id,
        "severity": (record.severity or "").capitalize(),
        "state": record.state.replace("_", " "),
        "secret": need_to_know(record),
        "headline": record.headline,
        "ticket": record.ticket,
        "account": ", ".join(record.accounts) or record.account,
        "team": OWNER_LABEL[team] if team else "",
        "owner": OWNER_LABEL[record.owner] if record.owner and record.owner != team else "",
        "holder": record.holder,
        "told": at(record.last_customer.at if record.last_customer else None),
        "due": [_due(timer, now, at(timer.due)) for timer in running],
    }
    return _environment(form).get_template(f"ledger/message.{form}.j2").render(**values).strip() + "\n"


def slack_line(text: str) -> str:
    """One line of text as mrkdwn that shows the same text, or characters that look the same."""
    return _UNDERSCORE.sub("\u02cd", _inert(one_line(text))).translate(_SLACK)


def pasted_line(text: str) -> str:
    """One line for a person to paste into Slack. A message box shows entities as they are, so here they are signs."""
    return _UNDERSCORE.sub("\u02cd", _inert(one_line(text))).translate(_PASTED)


def teams_line(text: str) -> str:
    """One line of text as Markdown that shows the same text, or characters that look the same."""
    return markdown_line(_inert(one_line(text)))


def _inert(line: str) -> str:
    """Without mentions, links, addresses, channels and emoji codes: look-alikes in their place."""
    line = _DOT.sub("\u2024", line)
    line = _COLON.sub("\ua789", line)
    return _CHANNEL.sub("\ufe5f", line).replace("@", "\ufe6b")


_CLEAN: dict[Form, Callable[[str], str]] = {"slack": slack_line, "teams": teams_line, "text": one_line}


@lru_cache(maxsize=3)
def _environment(form: Form) -> "Environment":
    """Everything that a template prints passes the form's own escaping, and nothing is escaped anywhere else."""
    import prompts

    clean = _CLEAN[form]
    return prompts.environment(autoescape=False).overlay(finalize=lambda value: clean(str(value)))


def _due(timer: Timer, now: datetime, at: str) -> dict[str, Any]:
    return {
        "who": timer.who,
        "what": timer.what,
        "at": at,
        "late": span(now - timer.overdue) if timer.overdue < now else "",
        "ahead": span(timer.due - now) if timer.due > now else "",
    }
