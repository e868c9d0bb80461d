"""Text to the person's clipboard: by a program of this machine, else by the terminal itself (OSC 52).

The terminal's way also works over ssh, but a terminal does not say whether it took it.
"""

import base64
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TextIO

from agent.chat.events import Told

PATIENCE = 3.0  # seconds for a clipboard program
LONGEST_OSC = 74_994
"""Bytes of text that every terminal with OSC 52 takes in one piece."""


def copy(what: str, text: str, terminal: TextIO | None, environment: Mapping[str, str] = os.environ) -> Told:
    """Put `text` there, and say by what way. `terminal` None: the output is no terminal."""
    for command in _programs(environment):
        if _run(command, text):
            return Told(f"copied the {what} ({Path(command[0]).name})")
    if terminal is None:
        return Told(f"the {what} was not copied: no clipboard here; /save FILE writes it", "warning")
    data = text.encode("utf-8", "replace")
    if len(data) > LONGEST_OSC:
        return Told(f"the {what} is too long for the terminal's clipboard: /save FILE writes it", "warning")
    terminal.write(sequence(data, tmux="TMUX" in environment))
    terminal.flush()
    return Told(f"sent the {what} to the terminal's clipboard; if it does not arrive there: /save FILE")


def sequence(data: bytes, *, tmux: bool) -> str:
    """What a terminal reads as: this is the clipboard now. tmux hands it on in one of two ways, by its settings."""
    plain = f"\x1b]52;c;{base64.b64encode(data).decode()}\x07"
    wrapped = plain.replace("\x1b", "\x1b\x1b")
    return f"\x1bPtmux;{wrapped}\x1b\\{plain}" if tmux else plain


def _programs(environment: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    """Those that can reach the clipboard of the person who sits there."""
    known: list[tuple[str, ...]] = []
    if sys.platform == "darwin" and "SSH_CONNECTION" not in environment:
        known.append(("pbcopy",))
    if environment.get("WAYLAND_DISPLAY"):
        known.append(("wl-copy",))
    if environment.get("DISPLAY"):
        known += [("xclip", "-selection", "clipboard"), ("xsel", "--clipboard", "--input")]
    if sys.platform == "win32" or "WSL_DISTRO_NAME" in environment:
        known.append(("clip.exe",))
    for command in known:
        path = shutil.which(command[0], path=environment.get("PATH"))
        if path is not None:
            yield (path, *command[1:])


def _run(command: tuple[str, ...], text: str) -> bool:
    data = text.encode("utf-16-le" if command[0].endswith("clip.exe") else "utf-8", "replace")
    try:
        # Some stay alive behind it as the clipboard's owner, and would keep a pipe open.
        done = subprocess.run(
            command, input=data, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=PATIENCE, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0
