"""The skill folder: what the specification asks, and references that say what the prompt says."""

import re
from importlib import util
from pathlib import Path

from skills_ref import validate

ROOT = Path(__file__).parents[1]
SKILL = (ROOT / "SKILL.md").read_text(encoding="utf-8")


def test_it_passes_the_specification(tmp_path: Path) -> None:
    link = tmp_path / "escalation"
    link.symlink_to(ROOT, target_is_directory=True)
    assert validate(link) == []


def test_frontmatter_and_length() -> None:
    front, body = re.fullmatch(r"---\n(.*?)\n---\n(.*)", SKILL, re.DOTALL).groups()  # type: ignore[union-attr]
    keys = re.findall(r"^([a-z-]+):", front, re.MULTILINE)
    assert set(keys) <= {"name", "description", "license", "allowed-tools", "metadata", "compatibility"}
    description = re.search(r"^description: (.*)$", front, re.MULTILINE)
    assert description is not None
    assert len(description.group(1)) <= 1024
    assert not re.search(r"[<>]|claude|anthropic", description.group(1), re.IGNORECASE)
    assert len(body.splitlines()) < 500
    assert len(body) / 3.6 < 5000


def test_links_exist_one_level_deep() -> None:
    links = re.findall(r"\]\((references/[a-z-]+\.md)\)", SKILL)
    assert len(set(links)) == 3
    for link in links:
        assert (ROOT / link).is_file()


def test_references_are_fresh() -> None:
    spec = util.spec_from_file_location("references", ROOT / "scripts/references.py")
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, text in module.pages().items():
        assert (ROOT / "references" / name).read_text(encoding="utf-8") == text


def test_its_verbs_exist() -> None:
    from agent.cli import LEDGER_VERBS, VERBS

    used = set(re.findall(r"scripts/escalation\.py ([a-z]+)", SKILL))
    assert used == {"check", "decide", "skeleton", "validate", "open"}
    assert used <= {*VERBS, *LEDGER_VERBS}
