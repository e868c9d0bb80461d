"""The two tools a model is given, made from the models that flow: `record_facts` and `submit_brief`.

Both are strict: the API decodes under the schema, so the schema may only hold what it supports. It refuses a request
above 24 optional parameters, 16 unions or 20 strict tools, recursion, numeric and length bounds, and unknown keywords;
nothing offline refuses them, so tests/test_tools.py counts. Descriptions stand where the SDK's `transform_schema`
keeps them: on the field, or, where the field is a bare `$ref`, in the nested model's docstring.

Nothing here changes from run to run: tools are the first bytes of the cached prefix.
"""

import hashlib
import json
from functools import cache
from typing import Any

from pydantic import BaseModel

from schemas.brief import Brief
from schemas.chat import Turn
from schemas.comparison import Comparison
from schemas.report import FactsReport

COMPARE_TICKETS = "compare_tickets"
TAKE_TURN = "take_turn"
RECORD_FACTS = "record_facts"
SUBMIT_BRIEF = "submit_brief"

# What repeats another keyword and costs tokens in every request: a field's name, and the type of an enum's values.
_ORDER = ("type", "description", "enum", "const", "items", "properties", "required", "additionalProperties", "$defs")


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema without decoration, its keys in a fixed order, names of fields and definitions untouched."""
    repeated = {"title", "type"} if "enum" in schema else {"title"}
    plain: dict[str, Any] = {}
    for key in sorted(schema, key=lambda k: (_ORDER.index(k) if k in _ORDER else len(_ORDER), k)):
        value = schema[key]
        if key in ("properties", "$defs"):
            plain[key] = {name: _plain(inner) for name, inner in value.items()}
        elif isinstance(value, dict):
            plain[key] = _plain(value)
        elif key not in repeated:
            plain[key] = value
    return plain


def strict_tool(name: str, model: type[BaseModel]) -> dict[str, Any]:
    """A strict tool. The model's docstring is the tool's description, and is not repeated in its schema."""
    schema = _plain(model.model_json_schema())
    description = schema.pop("description")
    return {"name": name, "description": description, "strict": True, "input_schema": schema}


@cache
def _tools_json() -> str:
    tools = [strict_tool(RECORD_FACTS, FactsReport), strict_tool(SUBMIT_BRIEF, Brief)]
    return json.dumps(tools, ensure_ascii=False, separators=(",", ":"))


def tools() -> list[dict[str, Any]]:
    """Both definitions in the Messages API's shape, always in the same order; a fresh copy for each caller."""
    definitions: list[dict[str, Any]] = json.loads(_tools_json())
    return definitions


def compare_tool() -> dict[str, Any]:
    """The definition of `compare_tickets`, for a conversation of its own: the road's two tools stay as they are."""
    return strict_tool(COMPARE_TICKETS, Comparison)


def turn_tool() -> dict[str, Any]:
    """The definition of `take_turn`, for the chat's own conversation."""
    return strict_tool(TAKE_TURN, Turn)


@cache
def tools_sha256() -> str:
    """Identity of what the model is given to fill in; stored with every result."""
    return hashlib.sha256(_tools_json().encode()).hexdigest()
