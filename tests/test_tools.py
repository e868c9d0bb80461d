"""The tools as they are sent: inside the API's budget, unchanged by the SDK, every description in place."""

import json
from collections.abc import Iterator
from typing import Any, get_args

import jsonschema
import pytest
from anthropic import transform_schema
from fakes import brief, issue, report, signal
from pydantic import BaseModel, TypeAdapter

from schemas.brief import Brief
from schemas.export import FOLDER, documents, rendered
from schemas.report import FactsReport
from schemas.tools import RECORD_FACTS, SUBMIT_BRIEF, tools, tools_sha256

# What the API's constrained decoding knows; everything else is refused, or moved into a description by the SDK.
SUPPORTED = {"type", "description", "enum", "const", "items", "properties", "required", "additionalProperties"}
SUPPORTED |= {"$defs", "$ref", "anyOf"}


def schemas(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The schema and all schemas inside it."""
    yield schema
    for name in ("properties", "$defs"):
        for inner in schema.get(name, {}).values():
            yield from schemas(inner)
    if "items" in schema:
        yield from schemas(schema["items"])
    for inner in schema.get("anyOf", ()):
        yield from schemas(inner)


def models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """The model and all models inside it."""
    yield model
    for field in model.model_fields.values():
        for annotation in (field.annotation, *get_args(field.annotation)):
            if isinstance(annotation, type) and issubclass(annotation, BaseModel):
                yield from models(annotation)


def all_schemas() -> list[dict[str, Any]]:
    return [inner for tool in tools() for inner in schemas(tool["input_schema"])]


def test_two_strict_tools_in_a_fixed_order() -> None:
    assert [(tool["name"], tool["strict"]) for tool in tools()] == [(RECORD_FACTS, True), (SUBMIT_BRIEF, True)]
    assert all(list(tool) == ["name", "description", "strict", "input_schema"] for tool in tools())


def test_no_optional_parameter_and_no_union() -> None:
    # The API refuses a request above 24 optional parameters or 16 unions, over all its strict tools together.
    optional = [
        name
        for schema in all_schemas()
        for name in schema.get("properties", {})
        if name not in schema.get("required", ())
    ]
    unions = [s for s in all_schemas() if "anyOf" in s or "oneOf" in s or isinstance(s.get("type"), list)]
    assert (optional, unions) == ([], [])


def test_no_keyword_that_constrained_decoding_does_not_know() -> None:
    assert {key for schema in all_schemas() for key in schema} <= SUPPORTED


def test_every_object_is_closed() -> None:
    objects = [schema for schema in all_schemas() if schema.get("type") == "object"]
    assert len(objects) == 18
    assert all(schema["additionalProperties"] is False for schema in objects)


def test_no_recursion() -> None:
    for tool in tools():
        definitions = tool["input_schema"]["$defs"]
        uses = {
            name: {inner["$ref"].rsplit("/", 1)[1] for inner in schemas(body) if "$ref" in inner}
            for name, body in definitions.items()
        }
        while uses:
            leaves = {name for name, used in uses.items() if not used & uses.keys()}
            assert leaves, f"definitions that use each other: {sorted(uses)}"
            uses = {name: used for name, used in uses.items() if name not in leaves}


@pytest.mark.parametrize("tool", tools(), ids=lambda tool: tool["name"])
def test_the_sdk_changes_nothing(tool: dict[str, Any]) -> None:
    assert transform_schema(tool["input_schema"]) == tool["input_schema"]


@pytest.mark.parametrize(("tool", "model"), [(tools()[0], FactsReport), (tools()[1], Brief)])
def test_every_description_survives(tool: dict[str, Any], model: type[BaseModel]) -> None:
    sent = {schema.get("description") for schema in schemas(transform_schema(tool["input_schema"]))}
    for inner in models(model):
        for name, field in inner.model_fields.items():
            if field.description is not None:
                assert field.description in sent, f"{inner.__name__}.{name}"
        text = inner.__doc__
        assert text in sent or inner is model, inner.__name__
    assert tool["description"] == model.__doc__


def test_a_fresh_copy_each_time() -> None:
    tools()[0]["input_schema"].clear()
    assert tools()[0]["input_schema"]["type"] == "object"


def test_bytes_are_the_same_every_time() -> None:
    assert json.dumps(tools()) == json.dumps(tools())
    assert tools_sha256() == tools_sha256()
    assert len(tools_sha256()) == 64


@pytest.mark.parametrize("name", sorted(documents()))
def test_exported_schema_is_fresh(name: str) -> None:
    # The snapshot of what is sent, among others. Stale: run `python -m schemas.export` and read the difference.
    assert (FOLDER / f"{name}.json").read_text(encoding="utf-8") == rendered(documents()[name])


def test_no_file_is_left_over() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*")) == sorted(documents())


@pytest.mark.parametrize("name", sorted(set(documents()) - {"tools"}))
def test_exported_schema_is_one(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(documents()[name])


def test_values_fit_their_tool() -> None:
    facts = report(signal("service_down", "all is down"), issues=(issue("Site down", "all is down"),))
    for tool, value in zip(tools(), (facts, brief()), strict=True):
        jsonschema.validate(value.model_dump(mode="json"), tool["input_schema"])


def test_a_value_outside_its_tool_is_refused() -> None:
    bad = report().model_dump(mode="json") | {"severity": "critical"}
    with pytest.raises(jsonschema.ValidationError, match="severity"):
        jsonschema.validate(bad, tools()[0]["input_schema"])
    with pytest.raises(ValueError, match="severity"):
        TypeAdapter(FactsReport).validate_python(bad)
