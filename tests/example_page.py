"""docs/example.md: one whole result as a model wrote it, replayed from its cassette.

python tests/example_page.py
"""

from datetime import datetime
from pathlib import Path

from record import FOLDER

from agent.pipeline import escalate
from agent.readers import read_ticket
from agent.render import render
from evals.recordings import cassette, client_backend
from schemas.context import Context

PAGE = Path(__file__).parents[1] / "docs/example.md"
NAME = "export-fails"
HEAD = """# One whole result

`escalation run examples/engineering-export-fails.txt --context examples/context.json --now 2026-11-16T15:00:00Z` with a
model, as Markdown. The model's answers are recorded in `tests/cassettes/`; the README there says who answered. A test
holds this page and the recording together.

---

"""


def page() -> str:
    """The page, made by the real client from the recorded answers."""
    with cassette(FOLDER / f"{NAME}.yaml") as tape:
        run = tape.get_metadata("run", None)
        result = escalate(
            read_ticket(run["source"], name=run["name"]),
            context=Context.model_validate(run["context"]),
            backend=client_backend(run["model"], forced=run.get("forced", True)),
            now=datetime.fromisoformat(run["now"]),
            max_repairs=run["max_repairs"],
        )
    return HEAD + render(result, "markdown").rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
