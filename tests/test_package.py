"""What the packages must hold, said of pyproject.toml and the checkout; `dev.py package` builds them and uses them."""

from __future__ import annotations

import gzip
import importlib.util
import io
import json
import re
import tarfile
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from packaging.requirements import Requirement

from tests.clones import tracked

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PAGE = (ROOT / "docs" / "supply.md").read_text(encoding="utf-8")
EXTRAS = PROJECT["project"]["optional-dependencies"]
GROUPS = {"": PROJECT["project"]["dependencies"], **EXTRAS}


def script(name: str) -> ModuleType:
    """A program of scripts/."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def taken(path: str) -> bool:
    """Whether a data file's package takes it along, by the globs of package-data."""
    top, _, rest = path.partition("/")
    globs = PROJECT["tool"]["setuptools"]["package-data"][top]
    # `**/` also stands for no folder at all.
    return any(fnmatchcase(rest, glob) or fnmatchcase(rest, glob.removeprefix("**/")) for glob in globs)


def test_every_data_file_of_the_packages_is_taken_along() -> None:
    names = script("package").packages(PROJECT)
    assert names == ("agent", "prompts", "schemas")
    data = [path for path in tracked() if path.partition("/")[0] in names and not path.endswith(".py")]
    assert {Path(path).suffix for path in data} == {".j2", ".js", ".json", ".svg", ".toml", ".txt", ".typed"}
    assert [path for path in data if not taken(path)] == []


def test_a_file_that_no_glob_names_would_be_seen() -> None:
    assert taken("prompts/a.j2")
    assert taken("prompts/a/b.j2")
    assert not taken("prompts/a.md")
    assert not taken("schemas/a.json")


def rows() -> dict[tuple[str, str], tuple[str, str]]:
    """The table of ranges in docs/supply.md: extra and package to the range and its reason."""
    cells = re.findall(r"^\| ([a-z-]*) ?\| `([^`]+)` \| `([^`]+)` \| (.+) \|$", PAGE, re.MULTILINE)
    return {(extra, name): (spec, reason) for extra, name, spec, reason in cells}


def test_each_dependency_is_in_the_table_with_its_range_and_a_reason() -> None:
    wanted = {}
    for extra, lines in GROUPS.items():
        for requirement in map(Requirement, lines):
            if requirement.name != "escalation":
                wanted[extra, requirement.name] = ",".join(sorted(str(requirement.specifier).split(","), reverse=True))
    assert {key: spec for key, (spec, _) in rows().items()} == wanted
    assert [key for key, (_, reason) in rows().items() if len(reason) < 20] == []


def test_no_dependency_comes_without_a_lower_bound() -> None:
    found = [Requirement(line) for lines in GROUPS.values() for line in lines if not line.startswith("escalation")]
    assert [str(one) for one in found if not any(part.operator == ">=" for part in one.specifier)] == []


def test_a_wheel_that_lacks_a_file_or_brings_another_is_refused() -> None:
    package = script("package")
    package.compare("the wheel", {"a": b"1", "made": b""}, {"a": b"1"}, ["made"])
    for found, said in (
        ({"made": b""}, "the wheel lacks a"),
        ({"a": b"1", "made": b"", "tests/b": b""}, "the wheel holds what does not belong there: tests/b"),
        ({"a": b"2", "made": b""}, "the wheel holds another content of a"),
    ):
        with pytest.raises(package.Trouble, match=f"^{re.escape(said)}$"):
            package.compare("the wheel", found, {"a": b"1"}, ["made"])


def test_an_sdist_shows_nothing_of_the_machine(tmp_path: Path) -> None:
    made = []
    for name, mtime, mode, owner in (("one", 5, 0o600, "ana"), ("two", 9, 0o664, "jo")):
        file = tmp_path / f"{name}.tar.gz"
        with tarfile.open(file, "w:gz") as archive:
            for member in ("x/b", "x/a") if name == "one" else ("x/a", "x/b"):
                entry = tarfile.TarInfo(member)
                entry.size, entry.mtime, entry.mode, entry.uname = 1, mtime, mode, owner
                archive.addfile(entry, io.BytesIO(b"!"))
        script("package").settle(file, 1_700_000_000)
        made.append(file.read_bytes())
    assert made[0] == made[1]
    assert b"ana" not in gzip.decompress(made[0])


def answer(*packages: dict[str, Any]) -> str:
    """What pip-audit prints."""
    return json.dumps({"dependencies": packages, "fixes": []})


FINE = {"name": "rich", "version": "15.0.0", "vulns": []}
BAD = {"name": "jinja2", "version": "3.1.2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3.1.3"], "aliases": []}]}
NOT_KNOWN = {"name": "mcp", "skip_reason": "Dependency not found on PyPI and could not be audited: mcp (2.3.0)"}


@pytest.mark.parametrize(
    ("printed", "code", "line"),
    [
        (answer(FINE), 0, "no known vulnerability in 1 packages"),
        (answer(FINE, BAD, NOT_KNOWN), 1, "jinja2 3.1.2: PYSEC-1, mended in 3.1.3"),
        (answer(FINE, NOT_KNOWN), 3, "no known vulnerability in 1 packages; the database does not know mcp"),
        (
            answer(NOT_KNOWN),  # pip-audit calls this "No known vulnerabilities found"
            3,
            "the vulnerability database could not be reached, so nothing is known about these 1 packages "
            "(it answers for none of them)",
        ),
        (
            "",
            3,
            "the vulnerability database could not be reached, so nothing is known about these 1 packages (no route)",
        ),
    ],
)
def test_an_audit_that_did_not_run_is_not_called_clean(printed: str, code: int, line: str) -> None:
    count = len(json.loads(printed)["dependencies"]) if printed else 1
    assert script("audit").verdict(printed, "no route", count) == ([line], code)
