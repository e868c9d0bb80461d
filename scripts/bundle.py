"""Build the skill as one zip for places with no network and no pip, such as the platform's skill container.

    python3 scripts/dev.py bundle                     dist/escalation-skill.zip, for 64-bit Intel and AMD
    python3 scripts/dev.py bundle --machine aarch64   dist/escalation-skill-aarch64.zip, for 64-bit ARM
    python3 scripts/dev.py bundle --out FILE

One top folder, named after the skill: what the skill needs, as committed in HEAD, and its packages unpacked for CPython
3.11 on Linux with glibc. The same commit gives the same bytes: versions stand in bundle.txt, times are the commit's (or
SOURCE_DATE_EPOCH), order and modes are fixed. Needs git and a package index that pip can reach.
"""

import argparse
import io
import json
import os
import re
import stat
import subprocess
import sys
import tarfile
import tempfile
import time
import tomllib
import zipfile
from fnmatch import fnmatchcase
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PINS = ROOT / "scripts" / "bundle.txt"
MOST_BYTES = 30_000_000  # what the platform takes; held for the zip and for what is unpacked from it
PYTHON = "3.11"
MACHINES = ("x86_64", "aarch64")
# SKILL.md and what it names, the program, and what `dev.py install` needs where the packages do not fit the machine.
PROGRAM = (
    "SKILL.md",
    "LICENSE",
    "README.md",
    "pyproject.toml",
    "references",
    "examples",
    "scripts/escalation.py",
    "scripts/dev.py",
    "agent",
    "schemas",
    "prompts",
)
NOT_PROGRAM = ("prompts/docs/*", "prompts/evals/*")  # they write pages of the repository and reports of the evals
# Their compiled twins are many times larger, and only quicker.
PURE = ("sqlalchemy", "charset-normalizer")
# Parts of packages that the program never imports. Licences and METADATA stay.
NOT_NEEDED = (
    "*.pyi",
    "*.dist-info/RECORD",  # lists also what is left out
    "*.dist-info/sboms/*",
    "alembic/templates/*",  # `alembic init`
    "alembic/testing/*",
    "holidays/locale/*",  # but see NEEDED_ALL_THE_SAME: names are asked for in this language only
    "icalendar/tests/*",
    "lxml/*.h",
    "lxml/*.pxd",
    "lxml/*.pxi",
    "lxml/*.pyx",
    "lxml/html/_difflib.*",
    "lxml/html/diff.*",
    "lxml/isoschematron/*",
    "lxml/objectify.*",
    "lxml/sax.*",
    "pydantic/mypy.py",
    "pydantic/v1/*",  # asked for only where somebody hands over a model of version 1
    "sqlalchemy/dialects/mssql/*",
    "sqlalchemy/dialects/mysql/*",
    "sqlalchemy/dialects/oracle/*",
    "sqlalchemy/ext/[!c_]*",  # all but compiler.py, which alembic wants
    "sqlalchemy/orm/*",
    "sqlalchemy/testing/*",
)
NEEDED_ALL_THE_SAME = ("holidays/locale/en_US/*",)


class Trouble(Exception):
    """No bundle can be built. The message is one line for a person."""


def git(*arguments):
    """The output of a git command in the project, as bytes."""
    try:
        line = ("git", "-C", ROOT, "-c", "core.autocrlf=false") + arguments
        return subprocess.run(line, capture_output=True, check=True).stdout
    except FileNotFoundError:
        raise Trouble("git is not on the PATH: install it, and run again") from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
        raise Trouble("a bundle is built from a commit, in a git clone of the project: %s" % said) from None


def matches(name, patterns):
    """Whether a path is one of those."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def program():
    """What the skill is made of, as committed: path to mode and content."""
    files = {}
    with tarfile.open(fileobj=io.BytesIO(git("archive", "--format=tar", "HEAD", *PROGRAM))) as archive:
        for member in archive:
            if member.isdir() or matches(member.name, NOT_PROGRAM):
                continue
            if not member.isfile():
                raise Trouble("%s is a link: a bundle holds plain files only" % member.name)
            mode = 0o755 if member.mode & stat.S_IXUSR else 0o644
            files[member.name] = (mode, archive.extractfile(member).read())
    return files


def pinned():
    """Package to version, as bundle.txt lists them."""
    lines = [line.partition("#")[0].strip() for line in PINS.read_text(encoding="utf-8").splitlines()]
    return dict(line.split("==") for line in lines if line)


def fetch(pins, folder, machine):
    """The wheels of these packages, into the folder, and of no others."""
    compiled = ["--implementation", "cp"]
    for tag in ("manylinux_2_17", "manylinux2014"):  # the oldest glibc that all of them are made for
        compiled += ["--platform", "%s_%s" % (tag, machine)]
    pure = ["--implementation", "py", "--abi", "none", "--platform", "any"]
    for names, kind in ((set(pins) - set(PURE), compiled), (set(PURE), pure)):
        wanted = sorted("%s==%s" % (name, pins[name]) for name in names)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
        command += ["--no-deps", "--only-binary", ":all:", "--python-version", PYTHON, "--dest", folder]
        done = subprocess.run(command + kind + wanted, capture_output=True, text=True, check=False)
        if done.returncode:
            errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
            raise Trouble("pip could not fetch the packages: %s" % (errors or done.stderr.splitlines() or ["?"])[-1])


def packages(folder):
    """The wheels unpacked, without what is not needed: path to mode and content."""
    files = {}
    for wheel in sorted(Path(folder).glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            for entry in archive.infolist():
                # NAME.data holds commands and headers; a part that belongs beside the packages is named as such.
                name = re.sub(r"^[^/]+\.data/(purelib|platlib)/", "", entry.filename)
                if entry.is_dir() or re.match(r"[^/]+\.data/", name):
                    continue
                if matches(name, NOT_NEEDED) and not matches(name, NEEDED_ALL_THE_SAME):
                    continue
                content = archive.read(entry)
                if files.setdefault(name, (0o644, content))[1] != content:
                    raise Trouble("two packages bring different files %s" % name)
    return files


def contents(folder, machine):
    """All files of the bundle: path below the top folder to mode and content. The wheels go through the folder."""
    if git("rev-parse", "--show-prefix").strip():
        raise Trouble("%s lies within another repository: a bundle is built in a git clone of the project" % ROOT)
    project = tomllib.loads(git("show", "HEAD:pyproject.toml").decode("utf-8"))["project"]
    tag = "cp%s-manylinux-%s" % (PYTHON.replace(".", ""), machine)  # the launcher computes the same
    pins = pinned()
    fetch(pins, folder, machine)
    files = program()
    vendored = packages(folder)
    # So that the program knows its own version there, as it does where it is installed.
    vendored["%s-%s.dist-info/METADATA" % (project["name"], project["version"])] = (
        0o644,
        ("Metadata-Version: 2.1\nName: %s\nVersion: %s\n" % (project["name"], project["version"])).encode(),
    )
    files.update(("vendor/%s/%s" % (tag, name), file) for name, file in vendored.items())
    about = {
        "skill": project["name"],
        "version": project["version"],
        "commit": git("rev-parse", "HEAD").decode().strip(),
        "packages_for": tag,
        "packages": pins,
    }
    files["bundle.json"] = (0o644, (json.dumps(about, indent=2) + "\n").encode())
    return project["name"], files


def moment():
    """The time that all files carry: SOURCE_DATE_EPOCH, else that of the commit."""
    said = os.environ.get("SOURCE_DATE_EPOCH") or git("log", "-1", "--format=%ct").decode()
    try:
        at = time.gmtime(int(said))[:6]
    except (ValueError, OverflowError, OSError):
        raise Trouble("SOURCE_DATE_EPOCH %r: expected seconds since 1970" % said[:40]) from None
    if not 1980 <= at[0] < 2108:
        raise Trouble("SOURCE_DATE_EPOCH %r: a zip holds times from 1980 to 2107" % said[:40])
    return at


def pack(top, files, at):
    """The zip's bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, (mode, content) in sorted(files.items()):
            entry = zipfile.ZipInfo("%s/%s" % (top, name), at)
            entry.create_system = 3  # Unix, wherever it is built: else the modes are lost
            entry.external_attr = (stat.S_IFREG | mode) << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED, 9)
    return buffer.getvalue()


def build(out, machine):
    """Build the bundle into a file. Returns the sizes unpacked and packed, in bytes, and the number of files."""
    with tempfile.TemporaryDirectory() as folder:
        top, files = contents(folder, machine)
    unpacked = sum(len(content) for _, content in files.values())
    packed = pack(top, files, moment())
    for what, size in (("unpacked", unpacked), ("as a zip", len(packed))):
        if size >= MOST_BYTES:
            text = "the bundle would be %.1f MB %s, and %.0f MB is the most: leave out more in scripts/bundle.py"
            raise Trouble(text % (size / 1e6, what, MOST_BYTES / 1e6))
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = out.with_name(out.name + ".new")
    unfinished.write_bytes(packed)
    unfinished.replace(out)
    return unpacked, len(packed), len(files)


def main(arguments=None):
    """The command. Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="dev.py bundle", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, help="the file to write")
    parser.add_argument("--machine", choices=MACHINES, default=MACHINES[0], help="the processor (default: %(default)s)")
    chosen = parser.parse_args(arguments)
    suffix = "" if chosen.machine == MACHINES[0] else "-" + chosen.machine
    out = chosen.out or ROOT / "dist" / ("escalation-skill%s.zip" % suffix)
    try:
        if git("status", "--porcelain", "--", *PROGRAM).strip():
            sys.stderr.write("bundle: what is not committed is not in it\n")
        unpacked, packed, count = build(out, chosen.machine)
    except (Trouble, OSError) as trouble:
        sys.stderr.write("bundle: %s\n" % trouble)
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("bundle: interrupted, nothing was written\n")
        return 130
    sys.stdout.write("%s: %.1f MB, %.1f MB unpacked, %d files\n" % (out, packed / 1e6, unpacked / 1e6, count))
    return 0


if __name__ == "__main__":
    sys.exit(main())
