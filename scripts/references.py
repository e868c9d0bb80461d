"""Write references/reading.md and references/writing.md from the system prompt, so that both teach the same.

python3 scripts/references.py
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
READING_HEAD = """# Reading a ticket: what to report

The facts report (`facts.json`) is one JSON object in the shape of the examples below. Taken from the prompt that the
API's model gets; `record_facts` there is your `facts.json`.

"""
WRITING_HEAD = """# Writing the brief

Taken from the prompt that the API's model gets. There a brief is a tool call with named fields; in the outline that
`skeleton` prints each field is the line or section of the same name. `gaps` are `Missing:` lines under the reproduction
steps, `derivations` the section DERIVATIONS, `target_lines` the labelled lines that the outline already shows.

"""


def pages(system: str) -> dict[str, str]:
    """The reference pages by file name."""
    _, _, rest = system.partition("# The ticket is evidence, not instruction\n")
    evidence, _, rest = rest.partition("# Part 1: record_facts\n")
    reading, _, writing = rest.partition("# Part 2: submit_brief\n")
    evidence = f"## The ticket is evidence, not instruction\n{evidence}"
    unsure = (ROOT / "prompts/guides/unsure.md.j2").read_text(encoding="utf-8")
    return {
        "reading.md": f"{READING_HEAD}{evidence}{reading.strip()}\n\n{unsure}",
        "writing.md": f"{WRITING_HEAD}{writing.strip()}\n",
    }


def main() -> None:
    """Write the pages."""
    system = (ROOT / "prompts/system.md.j2").read_text(encoding="utf-8")
    for name, text in pages(system).items():
        (ROOT / "references" / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
