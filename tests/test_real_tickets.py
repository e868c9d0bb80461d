"""Forty real tickets, as people wrote them: the offline road ends for each, in the exported shape."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest

from agent.backends.offline import OfflineBackend
from agent.pipeline import escalate
from agent.policy.settings import load_settings
from agent.readers import read_ticket
from agent.render import render
from schemas.context import Context
from schemas.escalation import Escalation

ROOT = Path(__file__).parents[1]
SHARED = Path(os.environ.get("ESCALATION_SHARED") or ROOT.parent / "shared")
FOLDER = SHARED / "data" / "real_tickets"
TICKETS = sorted(FOLDER.glob("*.txt"))
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

pytestmark = pytest.mark.skipif(
    not TICKETS, reason="the real tickets are not part of this repository: set ESCALATION_SHARED to their folder"
)


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    """Of the schema that `escalation schema escalation` prints."""
    schema = json.loads((ROOT / "schemas/json/escalation.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_they_are_all_there() -> None:
    assert len(TICKETS) == 40


@pytest.mark.parametrize("path", TICKETS, ids=lambda path: path.stem)
def test_the_offline_road_ends_in_the_exported_shape(path: Path, validator: jsonschema.Draft202012Validator) -> None:
    ticket = read_ticket(path.read_bytes(), name=path.name)
    result = escalate(ticket, context=Context(), backend=OfflineBackend(), settings=load_settings(), now=NOW)
    text = render(result, "json")
    assert [error.message for error in validator.iter_errors(json.loads(text))] == []
    assert Escalation.model_validate_json(text).decision == result.decision
    assert result.facts.removed == (), "the offline rules quote what stands there"
    assert all(ticket.text[c.evidence.start : c.evidence.end] for c in result.facts.claims() if c.evidence)
    assert (result.brief is not None) == (result.decision.outcome == "escalate")
    assert result.backend == "offline"
    assert any("model" in warning for warning in result.warnings), "that no model read the ticket is said"
    said = {"handle": "handle in support", "escalate": "escalate to", "needs_info": "ask first"}
    for form in ("text", "markdown", "html"):
        assert said[result.decision.outcome] in render(result, form).lower()
