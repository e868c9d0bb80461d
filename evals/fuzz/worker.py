"""One target under atheris: `python -m evals.fuzz.worker TARGET --found FOLDER [libFuzzer's flags and folders]`.

The fuzzer does not stop at a finding: each kind of it is written down once, and the search goes on.
"""

import hashlib
import logging
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["agent", "schemas"]):
    from evals.fuzz import targets

from evals.fuzz.contract import held_to


def main(arguments: list[str]) -> None:
    """Fuzz until libFuzzer's own limits end the process."""
    name, found = arguments[1], Path(arguments[3])
    target = targets.TARGETS[name]
    seen: set[str] = set()

    def one(data: bytes) -> None:
        finding = held_to(target, data)
        if finding is None or finding.key in seen:
            return
        seen.add(finding.key)
        stem = found / f"{name}-{hashlib.sha256(finding.key.encode()).hexdigest()[:12]}"
        stem.with_suffix(".bin").write_bytes(data)
        stem.with_suffix(".txt").write_text(f"{finding.key}\n\n{finding.what}", encoding="utf-8", errors="replace")
        sys.stderr.write(f"\nfinding: {name}: {finding.key}\n")

    logging.disable(logging.CRITICAL)  # what a tool reports of a failure of its own is a finding here
    atheris.Setup([arguments[0], *arguments[4:]], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv)
