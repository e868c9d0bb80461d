"""Where a person's words come from, for the surface that hands them to the engine."""

from typing import Protocol

HOW_TO_LEAVE = "Ctrl-D or /quit leaves"


class Ear(Protocol):
    """Hears one contribution at a time. Raises EOFError when the person leaves, KeyboardInterrupt as it comes."""

    @property
    def at_terminal(self) -> bool:
        """Whether a person sits there, who may be asked and may interrupt a turn."""

    @property
    def edits(self) -> bool:
        """Whether it draws what is typed by itself, so that the terminal need not, not even between two prompts."""

    @property
    def descriptor(self) -> int | None:
        """The terminal on which keys are typed; None where they come from a file or a pipe."""

    def ticket(self) -> str:
        """The ticket, the name of its file, or a command."""

    def turn(self) -> str:
        """What is said about it."""
