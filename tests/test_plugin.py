"""What an installer takes: plugin and marketplace say the same as the skill, and a clone holds nothing it should not.

The clients themselves are run elsewhere; here is what needs none of them.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.clones import ROOT, as_committed, git, tracked
from tests.test_bundle import load

PLUGIN = ROOT / ".claude-plugin"
PAGE = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")


def read(name: str) -> Any:
    return json.loads((PLUGIN / name).read_text(encoding="utf-8"))


def test_the_marketplace_offers_this_plugin() -> None:
    market, plugin = read("marketplace.json"), read("plugin.json")
    assert set(market) == {"name", "description", "owner", "plugins"}
    assert set(market["owner"]) == {"name"}
    [entry] = market["plugins"]
    # A version here would be a second place to raise; "skills" makes the client refuse its evals.
    assert set(entry) == {"name", "source", "description", "category", "keywords"}
    assert entry["source"] == "./"
    assert (entry["name"], entry["description"]) == (plugin["name"], plugin["description"])
    assert market["owner"] == plugin["author"]


def test_nothing_is_tracked_that_an_installer_stumbles_over() -> None:
    assert [line for line in git(ROOT, "ls-files", "--stage").splitlines() if line.startswith("120000")] == []  # links
    names = tracked()
    assert "SKILL.md" in names
    unwanted = re.compile(
        r"(^|/)(\.env|\.venv|__pycache__|[^/]+\.egg-info|dist|build|\.DS_Store)(/|$)|\.(pyc|orig|rej)$"
        r"|(^|/)metadata\.json$"  # `skills add` leaves out any file of this name
    )
    assert [name for name in names if unwanted.search(name)] == []
    assert [name for name in names if "SKILL.md" in name] == ["SKILL.md"], "a second skill in the folder"


def test_the_page_names_the_folders_that_the_skill_is_made_of() -> None:
    lists = re.findall(r"(?:sparse-checkout set|--sparse \.claude-plugin) ([a-z ]+)$", PAGE, re.MULTILINE)
    assert len(lists) == 3
    folders = sorted({name.split("/")[0] for name in load("bundle").PROGRAM if (ROOT / name.split("/")[0]).is_dir()})
    assert [named.split() for named in lists] == [folders] * 3


def test_the_figures_of_the_page() -> None:
    """Within a twentieth: the files change daily. Each figure wherever the page says it."""
    sizes = {name: (ROOT / name).stat().st_size for name in tracked()}
    folders = tuple(f"{name.split('/')[0]}/" for name in load("bundle").PROGRAM if "." not in name.split("/")[0])
    slim = [size for name, size in sizes.items() if "/" not in name or name.startswith(folders)]
    whole_said = re.findall(r"(?:whole\s+repository\b[^.]*?|`--sparse`, )(\d+\.\d) MB", PAGE)
    slim_said = re.findall(r"(?:one person \| |plugins`: | files, )(\d+\.\d) MB", PAGE)
    assert (len(set(whole_said)), len(whole_said)) == (1, 3)
    assert (len(set(slim_said)), len(slim_said)) == (1, 3)
    assert float(whole_said[0]) == pytest.approx(sum(sizes.values()) / 1e6, rel=0.05)
    assert float(slim_said[0]) == pytest.approx(sum(slim) / 1e6, rel=0.05)
    whole_files = [
        int(number.replace(",", "")) for number in re.findall(r"repository is there, .*? in ([\d,]+) files", PAGE)
    ]
    slim_files = [int(number) for number in re.findall(r"(?:one person \| .* in|copies) (\d+) files", PAGE)]
    assert whole_files == [pytest.approx(len(sizes), rel=0.05)]
    assert slim_files == [pytest.approx(len(slim), rel=0.05)] * 2


def test_what_the_page_says_of_the_bundle_fits_the_limit() -> None:
    """The built zip is measured by hand (`dev.py bundle` prints its figures); more than the limit is no bundle."""
    [said] = re.findall(r"no pip \| (\d+\.\d) MB in [\d,]+ files", PAGE)
    assert 25 < float(said) < load("bundle").MOST_BYTES / 1e6


def test_the_links_of_the_page_lead_somewhere() -> None:
    headings = {
        re.sub(r"[^a-z -]", "", line[3:].lower()).replace(" ", "-") for line in re.findall(r"^## .*", PAGE, re.M)
    }
    for link in re.findall(r"\]\(([^)]+)\)", PAGE):
        assert link.removeprefix("#") in headings if link.startswith("#") else (ROOT / "docs" / link).exists(), link


@pytest.fixture(scope="module")
def sparse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The skill as the page's first two commands make it."""
    whole = tmp_path_factory.mktemp("whole") / "repository"
    as_committed(whole)
    folder = tmp_path_factory.mktemp("project") / ".claude" / "skills" / "escalation"
    git(whole, "clone", "--quiet", "--sparse", whole.as_uri(), str(folder))
    [named] = re.findall(r"^git -C \.claude\S+ sparse-checkout set (.*)$", PAGE, re.MULTILINE)
    git(folder, "sparse-checkout", "set", *named.split())
    return folder


def test_the_folder_works_from_anywhere(sparse: Path, tmp_path: Path) -> None:
    assert not (sparse / "evals").exists()
    line = [sys.executable, sparse / "scripts" / "escalation.py"]
    ticket = sparse / "examples" / "engineering-export-fails.txt"
    done = subprocess.run(
        [*line, "run", ticket, "--backend", "offline", "--format", "json"],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["decision"]["owner"] == "engineering"


def test_without_packages_the_folder_names_the_command_that_is_there(sparse: Path, tmp_path: Path) -> None:
    line = [sys.executable, "-I", "-S", sparse / "scripts" / "escalation.py", "decide", "-"]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=60, check=False)
    assert done.returncode == 2
    found = re.fullmatch(r'python3 "(.+)" install', json.loads(done.stdout)["install"])
    assert found is not None
    assert Path(found[1]) == sparse / "scripts" / "dev.py"
    assert Path(found[1]).is_file()
    assert (sparse / "pyproject.toml").is_file()
    assert (sparse / "README.md").is_file()  # pyproject.toml names it, so that nothing installs without it
