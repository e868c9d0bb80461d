"""Build sdist and wheel from HEAD, and use them as somebody would who has nothing else.

    python3 scripts/dev.py package               into dist/: sdist, wheel and bill of materials
    python3 scripts/dev.py package --out FOLDER

The wheel is built from the sdist. All is built twice, in different folders, and must come out the same. The wheel must
hold exactly the committed files of its packages. Then it is installed into a new, bare virtual environment outside the
checkout, driven there over its verbs, and briefly once more from the sdist. docs/supply.md says more.
Exit codes: 0 all holds, 1 something does not; one line on stderr says what. Needs git and an index that pip can reach.
"""

import argparse
import gzip
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NOW = "2026-11-16T15:00:00Z"
TICKET = "engineering-export-fails.txt"
# What the build itself adds to the packages.
MADE_IN_WHEEL = ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "top_level.txt", "licenses/LICENSE")
MADE_IN_SDIST = ("PKG-INFO", "setup.cfg")
BESIDE_IN_SDIST = ("LICENSE", "MANIFEST.in", "README.md", "pyproject.toml")
# What a caller's environment could bring into the bare one.
NOT_HANDED_ON = ("PYTHON", "VIRTUAL_ENV", "ESCALATION", "ANTHROPIC", "XDG_")
SBOM_VERSION = "1.6"
UMASK = 0o022  # a wheel's entries show it
PURELIB = "import sysconfig; print(sysconfig.get_path('purelib'))"
OWNERS = "import importlib.metadata as m, json; print(json.dumps(m.packages_distributions()))"


class Trouble(Exception):
    """The packages cannot be built, or are not what they should be. The message is one line for a person."""


def run(command, where, expected=0, stdin=None, **more):
    """The output of a command, as text. Another exit code than the expected one is trouble."""
    line = [str(part) for part in command]
    done = subprocess.run(line, cwd=where, input=stdin, capture_output=True, encoding="utf-8", check=False, **more)
    if done.returncode != expected:
        said = (done.stderr.strip() or done.stdout.strip() or "no word").splitlines()
        shown = " ".join([Path(line[0]).name] + line[1:])
        raise Trouble("`%s` ended with %d, not %d: %s" % (shown, done.returncode, expected, said[-1]))
    return done.stdout


def git(*arguments):
    """The output of a git command in the project, as bytes."""
    try:
        return subprocess.run(("git", "-C", ROOT) + arguments, capture_output=True, check=True).stdout
    except FileNotFoundError:
        raise Trouble("git is not on the PATH: install it, and run again") from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
        raise Trouble("packages are built from a commit, in a git clone of the project: %s" % said) from None


def committed():
    """The files of HEAD: path to whether it is executable, and content."""
    files = {}
    with tarfile.open(fileobj=io.BytesIO(git("archive", "--format=tar", "HEAD"))) as archive:
        for member in archive:
            if member.isfile():
                files[member.name] = (bool(member.mode & 0o100), archive.extractfile(member).read())
    return files


def moment():
    """The time that all files carry, in seconds since 1970: SOURCE_DATE_EPOCH, else that of the commit."""
    said = os.environ.get("SOURCE_DATE_EPOCH") or git("log", "-1", "--format=%ct").decode().strip()
    if not said.isdecimal() or not 315532800 <= int(said) < 4354819200:
        raise Trouble("SOURCE_DATE_EPOCH %r: expected seconds since 1970, from 1980 to 2107" % said[:40])
    return int(said)


def packages(project):
    """The top-level packages that the project installs."""
    return tuple(sorted(name.rstrip("*") for name in project["tool"]["setuptools"]["packages"]["find"]["include"]))


def belonging(files, names):
    """The files of these packages: path to content."""
    return {path: content for path, (_, content) in files.items() if path.partition("/")[0] in names}


def write(files, folder):
    """Lay files into a new folder. Only the executable bit differs: modes of a checkout depend on its umask."""
    for name, (executable, content) in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o755 if executable else 0o644)


def settle(sdist, at):
    """Pack an sdist anew with one time, order, owner and mode: setuptools keeps those of the machine."""
    with tarfile.open(sdist) as archive:
        found = {
            member.name: (member.mode, archive.extractfile(member).read()) for member in archive if member.isfile()
        }
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, (mode, content) in sorted(found.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime, entry.mode = len(content), at, 0o755 if mode & 0o100 else 0o644
            archive.addfile(entry, io.BytesIO(content))
    with sdist.open("wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=at) as packed:
        packed.write(plain.getvalue())


def build(files, folder, at):
    """Build an sdist and, from it, a wheel. Returns both."""
    source, out = folder / "source", folder / "out"
    source.mkdir(parents=True)
    write(files, source)
    environment = dict(os.environ, SOURCE_DATE_EPOCH=str(at), PIP_DISABLE_PIP_VERSION_CHECK="1")
    run((sys.executable, "-m", "build", "--outdir", out, source), folder, env=environment, umask=UMASK)
    (sdist,), (wheel,) = out.glob("*.tar.gz"), out.glob("*.whl")
    settle(sdist, at)
    return sdist, wheel


def build_twice(files, work, at):
    """Both packages, after a second build brought the same bytes."""
    with ThreadPoolExecutor() as pool:
        one = pool.submit(build, files, work / "one", at)
        two = pool.submit(build, files, work / "another" / "place", at)
        for first, second in zip(one.result(), two.result(), strict=True):
            if first.name != second.name or first.read_bytes() != second.read_bytes():
                raise Trouble("two builds of %s differ" % first.name)
    return one.result()


def compare(what, found, wanted, made):
    """Trouble unless a package holds exactly these files with their content, and what the build makes."""
    for title, names in (
        ("lacks", (set(wanted) | set(made)) - set(found)),
        ("holds what does not belong there:", set(found) - set(wanted) - set(made)),
        ("holds another content of", {name for name in set(wanted) & set(found) if found[name] != wanted[name]}),
    ):
        if names:
            raise Trouble("%s %s %s" % (what, title, ", ".join(sorted(names)[:8])))


def check_wheel(wheel, wanted, label):
    """Hold a wheel against the files of its packages."""
    with zipfile.ZipFile(wheel) as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    compare("the wheel", found, wanted, ["%s.dist-info/%s" % (label, name) for name in MADE_IN_WHEEL])


def check_sdist(sdist, wanted, label):
    """Hold an sdist against the files that a build needs."""
    with tarfile.open(sdist) as archive:
        found = {member.name: archive.extractfile(member).read() for member in archive if member.isfile()}
    notes = label.rpartition("-")[0] + ".egg-info/"
    found = {name.partition("/")[2]: content for name, content in found.items()}
    found = {name: content for name, content in found.items() if not name.startswith(notes)}
    compare("the sdist", found, wanted, MADE_IN_SDIST)


def clean_environment(home):
    """The caller's environment without what points to this checkout, and with a home of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(NOT_HANDED_ON)}
    return kept | {"HOME": str(home), "USERPROFILE": str(home), "LOCALAPPDATA": str(home), "PYTHONNOUSERSITE": "1"}


def new_environment(folder):
    """A bare virtual environment, without even pip: its interpreter."""
    run((sys.executable, "-m", "venv", "--without-pip", folder), folder.parent)
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def install(python, package, where, *options):
    """Install a package file into an environment, with the pip of this one."""
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--disable-pip-version-check")
    run(pip + ("--no-input",) + options + (package,), where)


def no_clash(python, where, names, project):
    """Trouble if another installed distribution brings one of the top-level names, too."""
    owners = json.loads(run((python, "-c", OWNERS), where))
    for name in names:
        others = set(owners.get(name, ())) - {project}
        if others:
            raise Trouble("%s is also a top-level name of %s" % (name, ", ".join(sorted(others))))


def bill_of_materials(python, out, at, secret):
    """Write the bill of materials of an environment. Returns its components. Nothing in it may tell of this machine."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    tool = (sys.executable, "-m", "cyclonedx_py", "environment", "--output-reproducible", "--sv", SBOM_VERSION)
    command = tool + ("--pyproject", ROOT / "pyproject.toml", "--output-file", out, python)
    run(command, out.parent, env=dict(os.environ, SOURCE_DATE_EPOCH=str(at)))
    text = out.read_text(encoding="utf-8")
    wrong = JsonStrictValidator(SchemaVersion.from_version(SBOM_VERSION)).validate_str(text)
    if wrong is not None:
        raise Trouble("the bill of materials breaks its schema: %s" % str(wrong).partition("\n")[0])
    for told in ("file:",) + secret:
        if told in text:
            raise Trouble("the bill of materials names %r" % told)
    return json.loads(text)["components"]


def check_installed(python, where, wanted):
    """Hold what is installed against the files of the packages."""
    site = Path(run((python, "-c", PURELIB), where).strip())
    tops = {path.partition("/")[0] for path in wanted}
    found = [path for top in tops for path in (site / top).rglob("*") if path.is_file() and path.suffix != ".pyc"]
    compare("the installation", {path.relative_to(site).as_posix(): path.read_bytes() for path in found}, wanted, ())


def drive(python, where, version, briefly=False):
    """Use the installed program as its user would. Returns the number of commands."""
    program = python.with_name("escalation" + python.suffix)
    environment = clean_environment(where)
    count = 0

    def escalation(line, said="", expected=0, stdin=None):
        """One command; its output must hold what is said."""
        nonlocal count
        count += 1
        out = run([program] + line.split(), where, expected, stdin, env=environment)
        if said not in out:
            raise Trouble("`escalation %s` does not say %r" % (line, said))
        return out

    escalation("--version", "escalation %s" % version)
    result = escalation("run %s --now %s --format json --backend offline" % (TICKET, NOW), '"outcome": "escalate"')
    escalation("run %s --now %s --format html --backend offline" % (TICKET, NOW), "</html>")
    if briefly:
        return count
    (where / "result.json").write_text(result, encoding="utf-8")
    report = escalation("facts %s --backend offline" % TICKET, '"signals"')
    (where / "report.json").write_text(report, encoding="utf-8")
    checked = escalation("check %s report.json" % TICKET, '"ticket_sha256"')
    (where / "facts.json").write_text(checked, encoding="utf-8")
    known = "--ticket %s --now %s" % (TICKET, NOW)
    escalation("decide facts.json " + known, '"severity": "high"')
    (where / "brief.txt").write_text(escalation("skeleton facts.json " + known, "ESCALATION:"), encoding="utf-8")
    escalation("validate brief.txt --facts facts.json " + known, '"code"', 3)  # an outline is no brief yet
    escalation("schema escalation", '"$schema"')
    escalation("policy --show", "[")
    escalation("open result.json --by Ana --now " + NOW, "ESC-1")
    escalation("due --now 2026-11-18T15:00:00Z", "ESC-1")
    escalation("show ESC-1", "ESC-1")
    escalation("timeline ESC-1", "Ana")
    escalation("stats --format html", "</html>")
    escalation("chat %s --backend offline --no-ledger" % TICKET, "ESCALATION:", stdin="/brief\n")
    return count


def package(out):
    """Build, check and use all, then lay it into a folder. Returns the lines that tell of it."""
    files = committed()
    project = tomllib.loads(files["pyproject.toml"][1].decode("utf-8"))
    name, version = project["project"]["name"], project["project"]["version"]
    label, names, at = "%s-%s" % (name, version), packages(project), moment()
    own = belonging(files, names)
    with tempfile.TemporaryDirectory(prefix="package") as folder:
        work = Path(folder).resolve()
        sdist, wheel = build_twice(files, work, at)
        check_wheel(wheel, own, label)
        check_sdist(sdist, own | {beside: files[beside][1] for beside in BESIDE_IN_SDIST}, label)
        run((sys.executable, "-m", "twine", "check", "--strict", sdist, wheel), work)

        python = new_environment(work / "bare")
        install(python, wheel, work)
        no_clash(python, work, names, name)
        no_clash(sys.executable, work, names, name)  # with the packages of all extras
        sbom = work / ("%s.cdx.json" % label)
        components = bill_of_materials(python, sbom, at, (str(work), str(ROOT), str(Path.home())))

        user = work / "user"
        user.mkdir()
        write({Path(path).name: file for path, file in files.items() if path.startswith("examples/")}, user)
        check_installed(python, work, own)
        count = drive(python, user, version)
        install(python, sdist, work, "--no-deps", "--force-reinstall")
        check_installed(python, work, own)
        again = drive(python, user, version, briefly=True)

        out.mkdir(parents=True, exist_ok=True)
        for made in (sdist, wheel, sbom):
            shutil.copyfile(made, out / (made.name + ".new"))
            (out / (made.name + ".new")).replace(out / made.name)
        data = sum(not path.endswith(".py") for path in own)
        return [
            "%s: %.2f MB, built from the HEAD commit" % (sdist.name, sdist.stat().st_size / 1e6),
            "%s: %.2f MB, %d files, of them %d data" % (wheel.name, wheel.stat().st_size / 1e6, len(own), data),
            "%s: %d packages" % (sbom.name, len(components)),
            "%d commands in a bare environment from the wheel, %d from the sdist; two builds alike" % (count, again),
        ]


def main(arguments=None):
    """The command. Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="dev.py package", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="the folder (default: dist)")
    chosen = parser.parse_args(arguments)
    try:
        if git("status", "--porcelain").strip():
            sys.stderr.write("package: what is not committed is not in it\n")
        lines = package(chosen.out.resolve())
    except (Trouble, OSError) as trouble:
        sys.stderr.write("package: %s\n" % trouble)
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("package: interrupted, nothing was written\n")
        return 130
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
