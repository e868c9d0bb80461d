"""The clients, in exactly these versions, and how they come into `.runtimes/`.

Each has a folder of its own, so one that cannot be installed takes no other with it. Whatever is there in the right
version is used again.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".runtimes"

NODE = "26.12.1"  # fetched where the machine's own is older than OLDEST_NODE
OLDEST_NODE = (22, 20)  # skills and the inspector ask for it
NPM = {
    "claude-code": ("@anthropic-ai/claude-code", "2.1.332", "claude"),
    "opencode": ("opencode-ai", "1.18.33", "opencode"),
    "ripgrep": ("@vscode/ripgrep", "1.18.0", ""),  # which opencode would fetch from elsewhere
    "pi": ("@mariozechner/pi-coding-agent", "0.73.1", "pi"),
    "skills": ("skills", "1.7.4", "skills"),
    "inspector": ("@modelcontextprotocol/inspector", "2.12.0", "mcpdo"),
    "conformance": ("@modelcontextprotocol/conformance", "0.1.16", "conformance"),
}
PYTHON = ("claude-agent-sdk==0.2.189", "skills-ref==0.1.1")
INSTALL_SECONDS = 300


class NotInstalled(Exception):
    """A client is not to be had here. The message says why, in a line."""


@dataclass
class Clients:
    """What is installed, and what that took: seconds by name."""

    seconds: dict[str, float]
    _failed: dict[str, str]

    @classmethod
    def none_yet(cls) -> "Clients":
        return cls({}, {})

    def program(self, name: str) -> Path:
        """The program of an npm client."""
        return self._modules(name) / ".bin" / NPM[name][2]

    def ripgrep(self) -> Path:
        """The folder of `rg`, which lies in a package for this machine alone."""
        return next(self._modules("ripgrep").glob("@vscode/*/bin/rg")).parent

    def _modules(self, name: str) -> Path:
        package, version, _ = NPM[name]
        folder = FOLDER / name
        if _version_in(folder, package) != version:
            self._once(name, lambda: npm(folder, f"{package}@{version}", self.path()))
        return folder / "node_modules"

    def python(self) -> Path:
        """An environment with the project and its extra `agent-sdk`, as a user of the SDK has it."""
        folder = FOLDER / "python"
        stamp = folder / "installed.txt"
        wanted = "\n".join((*PYTHON, (ROOT / "pyproject.toml").read_text(encoding="utf-8")))
        if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
            self._once("python", lambda: environment(folder))
            stamp.write_text(wanted, encoding="utf-8")
        return folder / "bin" / "python"

    def path(self) -> str:
        """The PATH on which the clients find Node."""
        return os.pathsep.join(filter(None, (self.node(), os.environ["PATH"])))

    def node(self) -> str:
        """The folder of a Node that is new enough, or nothing where the machine's own is."""
        if own_node() >= OLDEST_NODE:
            return ""
        machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64"}.get(
            platform.machine().lower(), platform.machine()
        )
        package = f"node-{platform.system().lower()}-{machine}"
        folder = FOLDER / "node"
        if _version_in(folder, package) != NODE:
            self._once("node", lambda: npm(folder, f"{package}@{NODE}", os.environ["PATH"]))
        return str(folder / "node_modules" / package / "bin")

    def _once(self, name: str, install: Callable[[], None]) -> None:
        """Install, or fail as before: a registry that does not answer is asked once."""
        if name in self._failed:
            raise NotInstalled(self._failed[name])
        started = time.monotonic()
        try:
            install()
        except NotInstalled as failure:
            self._failed[name] = f"{name} could not be installed: {failure}"
            raise NotInstalled(self._failed[name]) from None
        self.seconds[name] = time.monotonic() - started


def own_node() -> tuple[int, ...]:
    """The version of the Node on the PATH; nothing where there is none."""
    if shutil.which("node") is None:
        return ()
    said = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout
    return tuple(int(part) for part in said.strip().lstrip("v").split(".") if part.isdigit())


def npm(folder: Path, package: str, path: str) -> None:
    """One package in a folder of its own, without a lock file."""
    if shutil.which("npm") is None:
        raise NotInstalled("npm is not on the PATH")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "package.json").write_text('{"private": true}\n', encoding="utf-8")
    options = ["--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"]
    _install(["npm", "install", "--prefix", str(folder), *options, package], os.environ | {"PATH": path})


def environment(folder: Path) -> None:
    """A virtual environment with the project in it; pip need not be there, the one that runs this is used."""
    shutil.rmtree(folder, ignore_errors=True)
    _install([sys.executable, "-m", "venv", "--without-pip", str(folder)], dict(os.environ))
    pip = [sys.executable, "-m", "pip", "--python", str(folder), "--disable-pip-version-check", "--no-input", "install"]
    _install([*pip, "--quiet", "--editable", f"{ROOT}[agent-sdk]", *PYTHON], dict(os.environ))


def _install(command: list[str], environment: dict[str, str]) -> None:
    with tempfile.TemporaryFile("w+") as log:
        try:
            code = subprocess.run(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, timeout=INSTALL_SECONDS
            ).returncode
        except subprocess.TimeoutExpired:
            raise NotInstalled(f"not done after {INSTALL_SECONDS} s") from None
        if code:
            log.seek(0)
            lines = log.read().strip().splitlines() or [f"exit {code}"]
            raise NotInstalled(f"{command[0]}: {lines[-1]}")


def _version_in(folder: Path, package: str) -> str | None:
    try:
        return str(
            json.loads((folder / "node_modules" / package / "package.json").read_text(encoding="utf-8"))["version"]
        )
    except (OSError, ValueError, KeyError):
        return None
