"""What a host may read besides calling tools: policy, schemas, guides, escalations. Each under its own address."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import schemas
from agent.errors import BadInput
from agent.guides import Topic
from agent.tools.answers import answer
from agent.tools.catalogue import LEDGER
from agent.tools.desk import Desk

SCHEME = "escalation://"
MARKDOWN, JSON, TOML, SCHEMA = "text/markdown", "application/json", "application/toml", "application/schema+json"
MOST_LISTED = 100
_TEMPLATE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Reading:
    """One address, or one template of addresses."""

    uri: str
    name: str
    title: str
    description: str
    mime_type: str


_POLICY = Reading(
    f"{SCHEME}policy", "policy", "Policy in force", "Thresholds, calendar, routing: the policy file, completed", TOML
)
_RULES = Reading(
    f"{SCHEME}policy/rules", "policy-rules", "The rules", "Every rule with its clause, target and severity", MARKDOWN
)
_OPEN = Reading(f"{SCHEME}escalations", "escalations", "Open escalations", "On the table, the most severe first", JSON)
_ONE = Reading(f"{SCHEME}escalations/{{id}}", "escalation", "One escalation", "As it stands, with its timeline", JSON)
_SCHEMA = Reading(f"{SCHEME}schema/{{name}}", "schema", "JSON Schema", "Of a model that flows along the road", SCHEMA)
_GUIDE = Reading(f"{SCHEME}guide/{{topic}}", "guide", "Guide", "How to report facts, how to write a brief", MARKDOWN)


class Readings:
    """The addresses of one desk."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def listed(self) -> list[Reading]:
        """Those that can be named in full."""
        found = [_POLICY, _RULES]
        found += [_filled(_GUIDE, topic) for topic in get_args(Topic)]
        found += [_filled(_SCHEMA, name) for name in _schemas()]
        return [*found, _OPEN] if self.desk.keeps_ledger else found

    def templates(self) -> list[Reading]:
        """Those with a part to fill in."""
        return [_SCHEMA, _GUIDE, _ONE] if self.desk.keeps_ledger else [_SCHEMA, _GUIDE]

    def complete(self, uri: str, argument: str, begun: str) -> list[str]:
        """What a part may be, given how it begins."""
        values: dict[tuple[str, str], Callable[[], list[str]]] = {
            (_SCHEMA.uri, "name"): lambda: list(_schemas()),
            (_GUIDE.uri, "topic"): lambda: list(get_args(Topic)),
            (_ONE.uri, "id"): self._ids,
        }
        found = values.get((uri, argument))
        return [value for value in found() if value.casefold().startswith(begun.casefold())] if found else []

    def read(self, uri: str) -> tuple[str, str]:
        """The type and the text. Raises BadInput for an address that is not there."""
        if uri == _POLICY.uri:
            from agent.commands.policy import as_toml

            return TOML, as_toml(self.desk.settings)
        if uri == _RULES.uri:
            from agent.policy.docs import policy_page

            return MARKDOWN, policy_page()
        kind, _, name = uri.removeprefix(SCHEME).partition("/")
        if kind == "guide" and name in get_args(Topic):
            from agent.guides import guide

            return MARKDOWN, guide("reading" if name == "reading" else "writing", "tools")
        if kind == "schema" and name in _schemas():
            return SCHEMA, _schemas()[name].read_text(encoding="utf-8")
        if kind == "escalations" and self.desk.keeps_ledger:
            return JSON, self._of_ledger(name)
        raise BadInput(f"nothing at {uri[:120]!r}: see the list of resources and their templates")

    def _of_ledger(self, name: str) -> str:
        tools = {tool.name: tool for tool in LEDGER}
        if name:
            made = answer(tools["show_escalation"], self.desk, {"id": name, "timeline": True})
        elif not self.desk.has_ledger():
            return '{"total":0,"escalations":[]}'
        else:
            made = answer(tools["list_escalations"], self.desk, {"limit": MOST_LISTED})
        if made.failed:
            raise BadInput(made.text)
        return made.text

    def _ids(self) -> list[str]:
        if not self.desk.has_ledger():
            return []
        from agent.ledger.queries import listing

        lines, _ = listing(self.desk.open_ledger().database, limit=MOST_LISTED)
        return [line.id for line in lines]


def _schemas() -> dict[str, Path]:
    return {path.stem: path for path in sorted(Path(schemas.__path__[0], "json").glob("*.json"))}


def _filled(template: Reading, value: str) -> Reading:
    return Reading(
        _TEMPLATE.sub(value, template.uri),
        f"{template.name}-{value}",
        f"{template.title}: {value.replace('_', ' ')}",
        template.description,
        template.mime_type,
    )
