"""Fuzz every way into the program: `python3 scripts/dev.py fuzz [--seconds N] [--target NAME]`.

Targets take turns, one process at a time, guided by the coverage of agent/ (atheris), from the kept corpus and what
earlier runs found in .fuzz/. Prints what was run, and exits 1 with findings: inputs and tracebacks in .fuzz/found/.

    python3 scripts/dev.py fuzz --seconds 1800              half an hour over all targets
    python3 scripts/dev.py fuzz --seconds 60 --target talk  a minute of one
    python3 scripts/dev.py fuzz --input FILE --target talk  one input again, with its traceback
    python3 scripts/dev.py fuzz --keep                      take what earlier runs found into the kept corpus, minimised
"""

import argparse
import hashlib
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

Target = Callable[[bytes], None]
Arc = tuple[str, int, int]

ROOT = Path(__file__).parents[2]
CORPUS = Path(__file__).with_name("corpus")
WORK = ROOT / ".fuzz"
NAMES = (
    "ticket",
    "grounding",
    "facts",
    "context",
    "policy",
    "brief_text",
    "brief_json",
    "answers",
    "tools",
    "notation",
    "injection",
    "offline",
    "talk",
    "kept",
    "rendering",
    "ledger",
    "redaction",
    "source",
)
"""As in targets.TARGETS, which takes a second to import; a test compares them."""
LONGEST = 4_096  # bytes of an input; large inputs have tests of their own
LONGEST_KEPT = 2_048
MOST_KEPT = 24  # inputs of a target in the kept corpus, besides the seeds
MOST_LOOKED_AT = 100  # for the choice of these
SECONDS_AN_INPUT = 120  # a backstop: the watchdog of contract.py is sooner
MEBIBYTES = 2_000


@dataclass(frozen=True, slots=True)
class Ran:
    """One target's turn."""

    name: str
    executions: int
    seconds: float
    findings: tuple[str, ...]


def main(arguments: Sequence[str]) -> int:
    """Run, print, and return the exit code."""
    chosen = _parser().parse_args(arguments)
    names = chosen.target or list(NAMES)
    if chosen.input is not None:
        return _again(names[0], chosen.input)
    if chosen.keep:
        for name in names:
            print(f"{name}: {keep(name)} inputs kept")
        return 0
    found = WORK / "found"
    found.mkdir(parents=True, exist_ok=True)
    ran: list[Ran] = []
    for number, name in enumerate(names):
        left = chosen.seconds - sum(one.seconds for one in ran)
        one = fuzz(name, max(1, round(left / (len(names) - number))), found, chosen.seed)
        ran.append(one)
        _tell(one)
    findings = sum(len(one.findings) for one in ran)
    print(
        f"{len(ran)} targets, {sum(one.executions for one in ran):,} executions, "
        f"{sum(one.seconds for one in ran):,.0f} seconds, {findings} findings"
    )
    return 1 if findings else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dev.py fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=int, default=160, help="for all targets together (160)")
    parser.add_argument("--target", action="append", choices=NAMES, help="only this one; may be given again")
    parser.add_argument("--input", type=Path, metavar="FILE", help="run one input and show what it does")
    parser.add_argument(
        "--seed", type=int, default=0, help="the same inputs for the same code; 0: others each time (0)"
    )
    parser.add_argument("--keep", action="store_true", help="minimise what was found into the kept corpus")
    return parser


def _tell(one: Ran) -> None:
    line = f"{one.name:<12} {one.executions:>9,} executions {one.seconds:>6.0f} s  {len(one.findings)} findings"
    print("\n".join((line, *(f"    {finding}" for finding in one.findings))), flush=True)


def fuzz(name: str, seconds: int, found: Path, seed: int = 0) -> Ran:
    """One target for so many seconds. Findings are kept in `found`. `seed`: 0 is another one each time."""
    work = WORK / name
    work.mkdir(parents=True, exist_ok=True)
    (CORPUS / name).mkdir(parents=True, exist_ok=True)
    before = set(found.iterdir())
    started = time.monotonic()
    # The time to import and to read the corpus is the run's own.
    flags = (f"-max_total_time={seconds}", f"-max_len={LONGEST}", f"-artifact_prefix={found}/{name}-", f"-seed={seed}")
    ended = _worker(name, found, (*flags, str(work), str(CORPUS / name)))
    spent = time.monotonic() - started
    done = re.findall(r"Done (\d+) runs in", ended.stderr) or re.findall(r"^#(\d+)\t", ended.stderr, re.MULTILINE)
    new = sorted(set(found.iterdir()) - before)
    findings = [path.read_text(encoding="utf-8").partition("\n")[0] for path in new if path.suffix == ".txt"]
    if ended.returncode:  # libFuzzer itself gave up: memory, a hang in C, a crash of the interpreter
        lines = [line for line in ended.stderr.splitlines() if line.strip()]
        findings.append(f"the fuzzer ended with {ended.returncode}: {' / '.join(lines[-4:])[-400:]}")
    return Ran(name, int(done[-1]) if done else 0, spent, tuple(findings))


def _worker(name: str, found: Path, flags: Sequence[str]) -> subprocess.CompletedProcess[str]:
    limits = (
        f"-timeout={SECONDS_AN_INPUT}",
        f"-rss_limit_mb={MEBIBYTES}",
        "-detect_leaks=0",
        f"-report_slow_units={SECONDS_AN_INPUT}",
    )
    command = [sys.executable, "-m", "evals.fuzz.worker", name, "--found", str(found), *limits, *flags]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False)


def keep(name: str) -> int:
    """The kept corpus anew: of what is kept and what was found, inputs that together reach all that any does."""
    from evals.fuzz.targets import TARGETS

    kept = CORPUS / name
    kept.mkdir(parents=True, exist_ok=True)
    files = [path for folder in (kept, WORK / name) if folder.is_dir() for path in folder.iterdir()]
    seeds = {path.read_bytes() for path in files if path.name.startswith("seed-")}
    others = {path.read_bytes() for path in files if path.stat().st_size <= LONGEST_KEPT} - seeds
    reached: set[Arc] = set().union(*(_arcs(TARGETS[name], data) for data in seeds))
    ordered = sorted(others, key=lambda data: (len(data), data))
    step = max(1.0, len(ordered) / MOST_LOOKED_AT)
    looked_at = [ordered[int(step * at)] for at in range(min(len(ordered), MOST_LOOKED_AT))]
    arcs = {data: _arcs(TARGETS[name], data) for data in looked_at}
    chosen: list[bytes] = []
    while arcs and len(chosen) < MOST_KEPT:
        best = max(arcs, key=lambda data: (len(arcs[data] - reached), -len(data)))
        if not arcs[best] - reached:
            break
        reached |= arcs.pop(best)
        chosen.append(best)
    for path in kept.iterdir():
        if not path.name.startswith("seed-"):
            path.unlink()
    for data in chosen:
        (kept / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
    return len(list(kept.iterdir()))


def _arcs(target: Target, data: bytes) -> set[Arc]:
    """The steps from line to line in agent/ that an input takes."""
    from evals.fuzz.contract import held_to

    found: set[Arc] = set()
    own = str(ROOT / "agent")

    def enter(frame: FrameType, _event: str, _argument: object) -> Any:
        name = frame.f_code.co_filename
        if not name.startswith(own):
            return None
        before = 0

        def step(frame: FrameType, event: str, _argument: object) -> Any:
            nonlocal before
            if event == "line":
                found.add((name, before, frame.f_lineno))
                before = frame.f_lineno
            return step

        return step

    sys.settrace(enter)
    try:
        held_to(target, data)
    finally:
        sys.settrace(None)
    return found


def _again(name: str, path: Path) -> int:
    from evals.fuzz.contract import held_to
    from evals.fuzz.targets import TARGETS

    finding = held_to(TARGETS[name], path.read_bytes())
    print("as it must be" if finding is None else finding.what)
    return 0 if finding is None else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
