"""Writes the JSON Schemas of the models that flow, for those who do not speak Python: `python -m schemas.export`.

The files in schemas/json/ are generated and checked in; a test fails when they are stale.
"""

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from schemas.brief import Brief
from schemas.context import Context
from schemas.decision import Decision
from schemas.escalation import Escalation
from schemas.facts import Facts
from schemas.report import FactsReport
from schemas.ticket import Ticket
from schemas.tools import tools

FOLDER = Path(__file__).parent / "json"
# What others write is described as it may come in, what this program writes as it comes out: there, every field is
# present, so a reader may rely on it.
WRITTEN_BY_OTHERS: dict[str, type[BaseModel]] = {"facts_report": FactsReport, "context": Context, "brief": Brief}
WRITTEN_HERE: dict[str, type[BaseModel]] = {
    "ticket": Ticket,
    "facts": Facts,
    "decision": Decision,
    "escalation": Escalation,
}
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def documents() -> dict[str, Any]:
    """File name without suffix to what it holds."""
    found: dict[str, Any] = {
        name: {"$schema": DIALECT, **model.model_json_schema(mode="validation")}
        for name, model in WRITTEN_BY_OTHERS.items()
    }
    found |= {
        name: {"$schema": DIALECT, **model.model_json_schema(mode="serialization")}
        for name, model in WRITTEN_HERE.items()
    }
    return found | {"tools": tools()}


def rendered(document: object) -> str:
    """The bytes of the file: two spaces, UTF-8 as it is, a final newline."""
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def main() -> int:
    """Writes all files and says on stderr which ones changed."""
    FOLDER.mkdir(exist_ok=True)
    for name, document in documents().items():
        path = FOLDER / f"{name}.json"
        text = rendered(document)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8", newline="\n")
            print(f"wrote {path.name}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
