"""The bundle: what is in it, that it comes out the same twice, and that it runs with nothing but an interpreter.

Building it takes wheels from a package index, as the installation for these tests does. Where none can be reached, the
tests that need it are skipped, unless ESCALATION_REQUIRE_BUNDLE is set.
"""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from email.parser import Parser
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from skills_ref import validate

from tests.clones import as_committed, git

ROOT = Path(__file__).parents[1]
REQUIRED = os.environ.get("ESCALATION_REQUIRE_BUNDLE", "") not in ("", "0")  # read before a test's settings go
TAG = "cp311-manylinux-x86_64"
NOW = "2026-11-16T15:00:00Z"
LEFT_OUT = {
    "anthropic",
    "httpx2",
    "standardwebhooks",
    "prompt-toolkit",
    "rich",
    "starlette",
    "uvicorn",
    "python-multipart",
}
MB = 1_000_000
# What a host's model would write for examples/engineering-export-fails.txt.
BRIEF = """ESCALATION: Invoice export stops with EXPORT_5031 since the 8.4.1 update
Severity: High (bug confirmed, major function broken, no workaround)
Target: Engineering (via L2 Support)
Ticket: HD-20418
Date: Mon 2026-11-16 15:00 UTC

IMPACT
- Customers affected: Nordwind Logistik; the customer reports 46 users
- Workflow impact: No invoice can be filed, which blocks the month-end closing
- Revenue at risk: Unknown
- SLA status: Unknown: no due time known

ISSUE DESCRIPTION
Every export of more than one month stops at about 60 % and shows "EXPORT_5031: ledger segment missing". With 8.4.0 the
same export was fine. Support reproduced it on a test account with 8.4.1 and confirms a bug.

REPRODUCTION STEPS
1. Sign in as accountant on an account with more than 1,000 invoices
2. Open Reports > Invoices and click Export
3. Choose the range 2026-10-01 to 2026-11-15 and the format XML, then click Start
Expected: an XML file is downloaded
Actual: the progress bar stops at 60 % and EXPORT_5031 appears
Environment: Firefox 145 on Windows 11; Ledgerline Cloud 8.4.1
Missing: Customer: may we have the whole log?

WHAT'S BEEN TRIED
1. Cleared the cache and tried Chrome → same error
2. Restarted the export worker → no difference

CUSTOMER COMMUNICATION
- Last update: 2026-11-16 14:30 UTC: the error is reproduced and confirmed as a bug
- Customer expectation: Unknown
- Escalation risk: Unknown
- Customer timeline: goes live on 2026-11-30

WHAT'S NEEDED
- Fix the export of more than one month
- Deadline: 2026-11-17 11:00 UTC

SUPPORTING CONTEXT
- Ticket HD-20418
- Logs or errors: EXPORT_5031 ledger segment missing (segment=2026-10, run=7f3a91)
- Log export-20261116.log

CUSTOMER MESSAGE
Hello Marta, our engineers have the error now. We will write to you again when we know more.
"""
# Every attempt to reach a network ends the process: for where there are no network namespaces.
NO_NETWORK = """
import os, runpy, sys
def hook(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        os.write(2, b"network used\\n")
        os._exit(99)
sys.addaudithook(hook)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def load(name: str) -> ModuleType:
    """A module of scripts/."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# Sources and builds


@pytest.fixture(scope="module")
def clones(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two repositories of the files as they stand here, committed or not; the first is littered with untracked ones."""
    first, second = tmp_path_factory.mktemp("first") / "escalation", tmp_path_factory.mktemp("second") / "other-name"
    as_committed(first)
    git(first.parent, "clone", "--quiet", first.as_uri(), str(second))
    for name in (
        ".env",
        ".venv/pyvenv.cfg",
        "agent/__pycache__/cli.pyc",
        "agent/notes.txt",
        "examples/real-ticket.txt",
    ):
        (first / name).parent.mkdir(parents=True, exist_ok=True)
        (first / name).write_text("secret", encoding="utf-8")
    return first, second


def build(clone: Path, out: Path, *arguments: str, **surroundings: str) -> subprocess.CompletedProcess[str]:
    """Run the build of a clone. Skips or fails where the packages cannot be fetched."""
    line = [sys.executable, str(clone / "scripts/bundle.py"), "--out", str(out), *arguments]
    done = subprocess.run(line, env=os.environ | surroundings, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode and "pip could not fetch" in done.stderr:
        (pytest.fail if REQUIRED else pytest.skip)(done.stderr)
    return done


@pytest.fixture(scope="module")
def bundle(clones: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist") / "new-folder" / "skill.zip"
    done = build(clones[0], out)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{out}: ")
    return out


@pytest.fixture(scope="module")
def names(bundle: Path) -> list[str]:
    with zipfile.ZipFile(bundle) as archive:
        return archive.namelist()


@pytest.fixture(scope="module")
def unpacked(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle's top folder, unpacked in a folder whose name has a space."""
    folder = tmp_path_factory.mktemp("un packed")
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(folder)
    return folder / "escalation"


# What is in it


def test_its_size(bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as archive:
        assert archive.testzip() is None
        assert sum(entry.file_size for entry in archive.infolist()) < 30 * MB
    assert bundle.stat().st_size < 15 * MB


def test_its_files(clones: tuple[Path, Path], names: list[str]) -> None:
    top = {name.split("/")[0] for name in names}
    assert top == {"escalation"}
    inside = [name.removeprefix("escalation/") for name in names]
    assert inside == sorted(set(inside))
    assert {name.split("/")[0] for name in inside} == {
        "SKILL.md", "LICENSE", "README.md", "pyproject.toml", "bundle.json",
        "agent", "examples", "prompts", "references", "schemas", "scripts", "vendor",
    }  # fmt: skip
    program = {name for name in inside if not name.startswith("vendor/")} - {"bundle.json"}
    tracked = set(git(clones[1], "ls-files").splitlines())
    assert program <= tracked
    assert {name for name in tracked if name.startswith(("agent/", "schemas/", "references/"))} <= program
    assert {name for name in program if name.startswith("scripts/")} == {"scripts/escalation.py", "scripts/dev.py"}
    assert {name.split("/")[1] for name in inside if name.startswith("vendor/")} == {TAG}


@pytest.mark.parametrize(
    "part", [".env", ".venv", "__pycache__", "tests", "evals", ".git", ".ci", "docs", "bin", "sboms", "RECORD"]
)
def test_what_must_not_be_in_it(names: list[str], part: str) -> None:
    assert [name for name in names if part in name.split("/")] == []


def test_it_is_a_skill_and_what_it_names_is_in_it(unpacked: Path) -> None:
    assert validate(unpacked) == []
    text = (unpacked / "SKILL.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\]\(([^)#:]+)\)", text)) | set(re.findall(r"python3 (\S+\.py)", text))
    assert len(named) >= 5
    assert [name for name in sorted(named) if not (unpacked / name).is_file()] == []


def test_modes_and_times_are_those_of_the_commit(bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as archive:
        entries = archive.infolist()
    assert {entry.date_time for entry in entries} == {
        (2026, 11, 16, 15, 0, 6)
    }  # that of tests.clones; a zip counts in steps of 2 s
    assert {entry.external_attr >> 16 for entry in entries} <= {0o100644, 0o100755}


def test_it_says_what_it_was_built_from(clones: tuple[Path, Path], unpacked: Path) -> None:
    about = json.loads((unpacked / "bundle.json").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert about["version"] == project["version"]
    assert about["commit"] == git(clones[0], "rev-parse", "HEAD").strip()
    assert about["packages_for"] == TAG
    assert about["packages"]["pydantic"].startswith("2.")


def test_the_same_commit_elsewhere_gives_the_same_bytes(
    clones: tuple[Path, Path], bundle: Path, tmp_path: Path
) -> None:
    done = build(clones[1], tmp_path / "again.zip", TZ="Asia/Kolkata", PYTHONHASHSEED="7")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "again.zip").read_bytes() == bundle.read_bytes()


def test_for_another_machine(clones: tuple[Path, Path], tmp_path: Path) -> None:
    done = build(clones[1], tmp_path / "arm.zip", "--machine", "aarch64")
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(tmp_path / "arm.zip") as archive:
        compiled = [name for name in archive.namelist() if name.endswith(".so")]
    assert len(compiled) >= 4
    assert all("/vendor/cp311-manylinux-aarch64/" in name and "aarch64" in name.split("/")[-1] for name in compiled)


def test_each_package_brings_its_licence(unpacked: Path) -> None:
    folders = sorted((unpacked / "vendor" / TAG).glob("*.dist-info"))
    assert len(folders) == len(load("bundle").pinned()) + 1  # and this project's own, which has it at the top
    for folder in folders:
        metadata = Parser().parsestr((folder / "METADATA").read_text(encoding="utf-8"))
        texts = [path for path in folder.rglob("*") if path.name.upper().startswith(("LICEN", "COPYING", "NOTICE"))]
        # stopwordsiso ships no text; its METADATA names author and licence
        assert [path for path in texts if path.is_file()] or metadata["Name"] in ("escalation", "stopwordsiso"), folder


# What stands in bundle.txt


def target_environment() -> dict[str, str]:
    return {
        "implementation_name": "cpython", "implementation_version": "3.11.0", "os_name": "posix",
        "platform_machine": "x86_64", "platform_python_implementation": "CPython", "platform_system": "Linux",
        "python_full_version": "3.11.0", "python_version": "3.11", "sys_platform": "linux", "extra": "",
    }  # fmt: skip


def applies(marker: Marker | None) -> bool:
    return marker is None or marker.evaluate(target_environment())


def test_the_pins_fit_pyproject() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = {canonicalize_name(r.name): r for r in map(Requirement, project["dependencies"])}
    pins = load("bundle").pinned()
    assert set(asked) - set(pins) <= LEFT_OUT
    assert set(pins) & LEFT_OUT == set()
    for name in set(asked) & set(pins):
        assert asked[name].specifier.contains(pins[name]), f"{asked[name]}, but bundle.txt has {pins[name]}"


def test_the_pins_are_what_the_packages_ask_of_each_other(unpacked: Path) -> None:
    pins = load("bundle").pinned()
    not_imported = {"requests"}  # by the command line of inscriptis only
    for path in (unpacked / "vendor" / TAG).glob("*.dist-info/METADATA"):
        metadata = Parser().parsestr(path.read_text(encoding="utf-8"))
        name = canonicalize_name(metadata["Name"])
        if name == "escalation":
            continue
        assert metadata["Version"] == pins[name]
        for asked in map(Requirement, metadata.get_all("Requires-Dist", [])):
            wanted = canonicalize_name(asked.name)
            if applies(asked.marker) and wanted not in not_imported:
                assert wanted in pins, f"{name} asks for {asked}"
                assert asked.specifier.contains(pins[wanted]), f"{name} asks for {asked}"


def test_the_list_of_pins_names_no_place() -> None:
    text = (ROOT / "scripts/bundle.txt").read_text(encoding="utf-8")
    assert not any(part in text for part in ("://", "--hash", "--index", "sha256"))


# A refusal is one line


@pytest.fixture
def builder(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The build on this repository, with nothing fetched."""
    module = load("bundle")
    monkeypatch.setattr(module, "fetch", lambda *_: None)
    return module


def refused(builder: Any, capsys: pytest.CaptureFixture[str], out: Path) -> str:
    assert builder.main(["--out", str(out)]) == 2
    said = capsys.readouterr()
    lines = [line for line in said.err.splitlines() if "not committed" not in line]
    assert (len(lines), said.out) == (1, "")
    assert not out.exists()
    return lines[0]


def test_more_than_the_platform_takes_is_refused(
    builder: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "kept.zip").write_bytes(b"of before")
    monkeypatch.setattr(builder, "packages", lambda _: {"big.bin": (0o644, bytes(builder.MOST_BYTES))})
    assert re.search(r"would be 3\d\.\d MB unpacked", refused(builder, capsys, tmp_path / "one.zip"))
    assert builder.main(["--out", str(tmp_path / "kept.zip")]) == 2
    assert (tmp_path / "kept.zip").read_bytes() == b"of before"


def test_a_folder_that_is_no_clone_is_refused(
    builder: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setattr(builder, "ROOT", tmp_path)
    assert "in a git clone of the project" in refused(builder, capsys, tmp_path / "one.zip")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "none")
    inside = tmp_path / "skills" / "escalation"
    inside.mkdir(parents=True)
    monkeypatch.setattr(builder, "ROOT", inside)
    assert "within another repository" in refused(builder, capsys, tmp_path / "one.zip")


def test_a_strange_time_is_refused(
    builder: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for said in ("yesterday", "0", "9" * 30):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", said)
        assert f"SOURCE_DATE_EPOCH '{said}'" in refused(builder, capsys, tmp_path / "one.zip")


def test_without_an_index_the_reason_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    module = load("bundle")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    assert "pip could not fetch the packages: ERROR: No matching" in refused(module, capsys, tmp_path / "one.zip")


# It runs with nothing but an interpreter


class Answer(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Answer]


@pytest.fixture(scope="module")
def python() -> str:
    """A CPython 3.11 that the bundle's packages are made for."""
    found = sys.executable if sys.version_info[:2] == (3, 11) else shutil.which("python3.11")
    if found is None or (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        (pytest.fail if REQUIRED and found is None else pytest.skip)("needs CPython 3.11 on x86_64 Linux")
    return found


@pytest.fixture(scope="module")
def without_network() -> list[str]:
    """What to put before a command, so that it has no network; empty where this machine permits none of it."""
    for prefix in (["unshare", "-n"], ["unshare", "-rn"]):
        if (
            shutil.which("unshare")
            and subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
        ):
            return prefix
    return []


@pytest.fixture
def run(unpacked: Path, python: str, without_network: list[str], tmp_path: Path) -> Iterator[Run]:
    """The bundle's launcher, isolated: no site-packages, no environment, an empty home, another folder, no network."""
    home, work = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()

    def call(*arguments: object, **surroundings: str) -> Answer:
        guard = [] if without_network else ["-c", NO_NETWORK]
        launcher = str(unpacked / "scripts" / "escalation.py")
        done = subprocess.run(
            [*without_network, python, "-I", "-S", *guard, launcher, *map(str, arguments)],
            cwd=work,
            env={"HOME": str(home), "PATH": os.defpath, **surroundings},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    yield call
    assert list(home.iterdir()) == []


@pytest.fixture
def ticket(unpacked: Path) -> Path:
    return unpacked / "examples" / "engineering-export-fails.txt"


@pytest.fixture
def work(run: Run, ticket: Path, tmp_path: Path) -> Path:
    """The folder that the commands run in, with the facts and the brief that a host's model would write."""
    folder = tmp_path / "work"
    reported = run("facts", ticket, "--backend", "offline")
    assert reported.code == 0, reported.err
    (folder / "facts.json").write_text(reported.out, encoding="utf-8")
    (folder / "brief.md").write_text(BRIEF, encoding="utf-8")
    return folder


def test_the_road_of_the_skill(run: Run, ticket: Path, work: Path) -> None:
    checked = run("check", ticket, "facts.json", "--out", "grounded.json")
    assert checked.code == 0, checked.err
    assert "none removed" in checked.err

    decided = run("decide", "grounded.json", "--now", NOW, "--format", "json", "--out", "decision.json")
    assert decided.code == 0, decided.err
    decision = json.loads((work / "decision.json").read_text(encoding="utf-8"))
    assert (decision["outcome"], decision["owner"], decision["severity"]) == ("escalate", "engineering", "high")

    given = ("--ticket", ticket, "--decision", "decision.json")
    outline = run("skeleton", "grounded.json", *given)
    assert outline.code == 0, outline.err
    assert "Target: Engineering (via L2 Support)" in outline.out
    assert "“This blocks our month-end closing.”" in outline.out  # no locale is set: it is UTF-8 all the same

    valid = run("validate", "brief.md", "--facts", "grounded.json", *given)
    assert (valid.code, json.loads(valid.out)) == (0, {"valid": True, "findings": []})
    (work / "brief.md").write_text(BRIEF.replace("46 users", "460 users"), encoding="utf-8")
    broken = run("validate", "brief.md", "--facts", "grounded.json", *given)
    assert broken.code == 3
    assert [finding["found"] for finding in json.loads(broken.out)["findings"]] == ["460 users"]


def test_a_claim_without_its_quote_is_removed(run: Run, ticket: Path, work: Path) -> None:
    report = json.loads((work / "facts.json").read_text(encoding="utf-8"))
    report["signals"][0]["quote"] = "a quote that is nowhere in the ticket"
    (work / "facts.json").write_text(json.dumps(report), encoding="utf-8")
    assert run("check", ticket, "facts.json").code == 3


def test_html_mail_and_holidays(run: Run, work: Path) -> None:
    """What the larger packages are there for."""
    (work / "ticket.eml").write_text(
        "From: Ana <ana@example.com>\nSubject: Down\nDate: Mon, 16 Nov 2026 08:00:00 +0000\nMIME-Version: 1.0\n"
        "Content-Type: text/html; charset=utf-8\n\n<table><tr><td>Portal<td>down for all 46 users</table>\n",
        encoding="utf-8",
    )
    (work / "own.toml").write_text('version = "own-1"\n[calendar]\ntimezone = "Europe/Berlin"\nholidays = "DE-BY"\n')
    done = run("run", "ticket.eml", "--backend", "offline", "--format", "json", "--now", NOW, "--policy", "own.toml")
    assert done.code in (0, 3), done.err
    assert "down for all 46 users" in json.loads(done.out)["ticket"]["text"]


@pytest.mark.parametrize("arguments", [("schema", "facts_report"), ("policy",), ("--help",), ("decide", "--help")])
def test_other_verbs(run: Run, arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert (done.code, done.err) == (0, "")
    assert len(done.out) > 500


def test_it_knows_its_version(run: Run) -> None:
    assert run("--version").out == "escalation 0.1.0\n"


def test_the_offline_road_and_the_ledger(run: Run, ticket: Path, work: Path) -> None:
    ledger = {"ESCALATION_DB": str(work / "ledger.db")}
    report = run("run", ticket, "--backend", "offline", "--format", "html", "--now", NOW)
    assert report.code == 0, report.err
    assert "<!doctype html>" in report.out.lower()

    by = ("--by", "Ana Lima")
    recorded = run(
        "run", ticket, "--backend", "offline", "--now", NOW, "--record", "--despite", "the log follows", *by, **ledger
    )
    assert recorded.code == 0, recorded.err
    assert "ESC-1" in recorded.err
    checked = run("check", ticket, "facts.json", "--out", "grounded.json")
    assert checked.code == 0
    for arguments in (
        ("ledger", "check"),
        ("list",),
        ("due",),
        ("show", "ESC-1"),
        ("timeline", "ESC-1"),
        ("why-due", "ESC-1"),
        ("message", "ESC-1"),
        ("ics",),
        ("stats",),
        ("similar", "grounded.json", "--ticket", ticket),
        ("ack", "ESC-1", "--by", "Jo Park"),
        ("update", "ESC-1", "--to", "customer", "--text", "Engineering has it.", *by),
    ):
        done = run(*arguments, **ledger)
        assert done.code == 0, (arguments, done.err)
        assert done.out, arguments


def test_what_is_left_out_is_told_in_one_line(run: Run, ticket: Path, unpacked: Path) -> None:
    done = run("facts", ticket, "--backend", "claude", ANTHROPIC_API_KEY="none")
    assert (done.code, done.out) == (2, "")
    assert done.err.count("\n") == 1
    assert "the package 'httpx2' is not in this bundle" in done.err
    assert done.err.endswith(f'install all with: python3 "{unpacked / "scripts" / "dev.py"}" install\n')


# Another platform, a partial environment


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A bundle whose packages are for a machine that is not this one."""
    (tmp_path / "escalation" / "scripts").mkdir(parents=True)
    (tmp_path / "escalation" / "vendor" / "cp38-manylinux-pdp11").mkdir(parents=True)
    return Path(shutil.copy(ROOT / "scripts" / "escalation.py", tmp_path / "escalation" / "scripts"))


def bare(launcher: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-I", "-S", str(launcher), *arguments]
    return subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)


def test_packages_for_another_machine_are_not_taken(foreign: Path) -> None:
    done = bare(foreign, "decide", "-")
    assert done.returncode == 2
    answer = json.loads(done.stdout)
    mine = load("escalation").platform_tag()
    assert answer["error"].endswith(f"those in the bundle are for cp38-manylinux-pdp11, this is {mine}")
    assert answer["install"] == f'python3 "{foreign.parent / "dev.py"}" install'
    assert done.stderr == f"escalation: {answer['error']}: install with: {answer['install']}\n"


def test_a_partial_environment_is_not_mixed_with_the_bundle(foreign: Path, tmp_path: Path) -> None:
    """An interpreter that has pydantic and not jinja2: both come from the bundle."""
    for package, where in (("pydantic", "site"), ("pydantic", "bundle"), ("jinja2", "bundle")):
        folder = tmp_path / where / package
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text(f"VERSION = '2.0 of {where}'\nWHERE = {where!r}\n")
    vendor = foreign.parents[1] / "vendor" / load("escalation").platform_tag()
    shutil.move(tmp_path / "bundle", vendor)
    program = foreign.parents[1] / "agent"
    program.mkdir()
    (program / "__init__.py").touch()
    (program / "cli.py").write_text("import jinja2, pydantic\ndef main():\n    print(pydantic.WHERE, jinja2.WHERE)\n")
    start = "import runpy, sys; sys.path.append(sys.argv[1]); runpy.run_path(sys.argv[2], run_name='__main__')"
    line = [sys.executable, "-I", "-S", "-c", start, str(tmp_path / "site"), str(foreign)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "bundle bundle\n"), done.stderr
