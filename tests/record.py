"""Records a cassette: runs the real client for one ticket against whatever ANTHROPIC_BASE_URL names.

    ANTHROPIC_BASE_URL=http://127.0.0.1:8765 ANTHROPIC_API_KEY=any \\
        python tests/record.py outage ticket.txt --now 2026-03-03T09:00:00+00:00 --tier L2

Writes tests/cassettes/outage.yaml with the run's inputs and outcome as metadata, for tests/test_cassettes.py. An old
one of that name is replaced, once the run has ended well. A model's refusal is an outcome too, and is kept.
"""

import argparse
import json
import sys
from datetime import datetime
from pathlib import Path

import anthropic

from agent.backends.base import ModelError, ModelUnavailable
from agent.backends.claude import ClaudeBackend
from agent.errors import EscalationError
from agent.pipeline import escalate
from agent.readers import read_ticket
from evals.recordings import cassette, check_prefixes
from schemas.context import Context
from schemas.escalation import Escalation

FOLDER = Path(__file__).parent / "cassettes"
PATIENCE = 3600.0  # seconds: whoever plays the model may be slow


def outcome(result: Escalation | ModelError) -> dict[str, object]:
    """What a replay must come to again."""
    if isinstance(result, ModelError):
        return {"error": type(result).__name__, "reason": result.reason, "usage": result.usage.model_dump()}
    decision = result.decision
    return {
        "outcome": decision.outcome,
        "owner": decision.owner,
        "leadership": decision.leadership,
        "severity": decision.severity,
        "brief_status": result.brief_status,
        "findings": [finding.code for finding in result.findings],
        "usage": result.usage.model_dump(),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="the cassette's name, without folder and suffix")
    parser.add_argument("ticket", type=Path, help="ticket file, UTF-8")
    parser.add_argument("--now", required=True, type=datetime.fromisoformat, help="ISO 8601, with its zone")
    parser.add_argument("--context", type=Path, help="JSON file")
    parser.add_argument("--tier", choices=("L1", "L2", "manager"))
    parser.add_argument("--model")
    parser.add_argument("--max-repairs", type=int, default=2)
    options = parser.parse_args()

    context = json.loads(options.context.read_text(encoding="utf-8")) if options.context else {}
    if options.tier:
        context["tier"] = options.tier
    backend = ClaudeBackend(model=options.model, client=anthropic.Anthropic(max_retries=0, timeout=PATIENCE))
    run = {
        "name": options.ticket.name,
        "source": options.ticket.read_text(encoding="utf-8"),
        "context": context,
        "now": options.now.isoformat(),
        "model": backend.model,
        "forced": backend.forced,
        "max_repairs": options.max_repairs,
    }
    FOLDER.mkdir(exist_ok=True)
    path, draft = FOLDER / f"{options.name}.yaml", FOLDER / f"{options.name}.yaml.new"
    draft.unlink(missing_ok=True)
    result: Escalation | ModelError
    try:
        with cassette(draft, "once") as tape:
            tape.get_metadata("run", run)
            try:
                result = escalate(
                    read_ticket(run["source"], name=run["name"]),
                    context=Context.model_validate(context),
                    backend=backend,
                    now=options.now,
                    max_repairs=options.max_repairs,
                )
            except ModelUnavailable:
                raise  # an endpoint that was not there is nothing to keep
            except ModelError as error:
                result = error
            tape.get_metadata("outcome", outcome(result))
            check_prefixes(tape)
        draft.replace(path)
    except EscalationError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    finally:
        draft.unlink(missing_ok=True)
    print(f"{path.name}: {outcome(result)}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
