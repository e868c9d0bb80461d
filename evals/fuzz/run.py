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
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

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
MOST_KEPT = 60  # inputs of a target in the kept corpus
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
        one = fuzz(name, max(1, round(left / (len(names) - number))), found)
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
    parser.add_argument("--keep", action="store_true", help="minimise what was found into the kept corpus")
    return parser


def _tell(one: Ran) -> None:
    line = f"{one.name:<12} {one.executions:>9,} executions {one.seconds:>6.0f} s  {len(one.findings)} findings"
    print("\n".join((line, *(f"    {finding}" for finding in one.findings))), flush=True)


def fuzz(name: str, seconds: int, found: Path) -> Ran:
    """One target for so many seconds. Findings are kept in `found`."""
    work = WORK / name
    work.mkdir(parents=True, exist_ok=True)
    (CORPUS / name).mkdir(parents=True, exist_ok=True)
    before = set(found.iterdir())
    started = time.monotonic()
    # The time to import and to read the corpus is the run's own.
    flags = (f"-max_total_time={seconds}", f"-max_len={LONGEST}", f"-artifact_prefix={found}/{name}-")
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
    """The kept corpus anew: of what is kept and what was found, the smallest inputs that reach the same code."""
    kept = CORPUS / name
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        merged, small = Path(folder) / "merged", Path(folder) / "small"
        merged.mkdir()
        small.mkdir()
        for source in (kept, WORK / name):
            for path in source.iterdir() if source.is_dir() else ():
                if path.stat().st_size <= LONGEST_KEPT:
                    shutil.copy(path, small / path.name)
        ended = _worker(name, WORK, ("-merge=1", str(merged), str(small)))
        if ended.returncode:
            raise SystemExit(f"{name}: the merge ended with {ended.returncode}: {ended.stderr[-400:]}")
        chosen = sorted(merged.iterdir(), key=lambda path: (path.stat().st_size, path.name))
        # From small to large, evenly: the small ones alone would all be the refused ones.
        step = max(1.0, len(chosen) / MOST_KEPT)
        chosen = [chosen[int(step * at)] for at in range(min(len(chosen), MOST_KEPT))]
        for path in kept.iterdir():
            if not path.name.startswith("seed-"):
                path.unlink()
        for path in chosen:
            data = path.read_bytes()
            (kept / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
    return len(list(kept.iterdir()))


def _again(name: str, path: Path) -> int:
    from evals.fuzz.contract import held_to
    from evals.fuzz.targets import TARGETS

    finding = held_to(TARGETS[name], path.read_bytes())
    print("as it must be" if finding is None else finding.what)
    return 0 if finding is None else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
