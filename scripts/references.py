"""Write references/reading.md and references/writing.md from the system prompt, so that both teach the same.

And references/policy.md, which is docs/policy.md once more: an installed skill has no docs, and needs the rules where
the program cannot run.

python3 scripts/references.py
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def pages() -> dict[str, str]:
    """The reference pages by file name."""
    sys.path.insert(0, str(ROOT))
    from agent.guides import guide
    from agent.policy.docs import policy_page

    return {
        "reading.md": guide("reading", "skill"),
        "writing.md": guide("writing", "skill"),
        "policy.md": policy_page(),
    }


def main() -> None:
    """Write the pages."""
    for name, text in pages().items():
        (ROOT / "references" / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
