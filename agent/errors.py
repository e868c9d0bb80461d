"""Errors that reach a person, and the exit codes they end in.

Each message is one line: the value, what was expected, the next step. Nothing else may end a command.
"""

EXIT_DONE = 0
EXIT_BAD_INPUT = 2
EXIT_FINDINGS = 3  # findings, or more information is needed
EXIT_MODEL = 4  # the model is unavailable, refused, or answered with something unusable
EXIT_REFUSED = 5  # the ledger does not allow it in this state, or somebody else wrote first; nothing was written
EXIT_INTERRUPTED = 130


class EscalationError(Exception):
    """Base of every error that this program raises on purpose."""

    exit_code = EXIT_BAD_INPUT


class BadInput(EscalationError):
    """A ticket, facts, context, policy or brief that cannot be used as it is."""


class Refused(EscalationError):
    """A step that the state of an escalation does not allow, or that lacks what it needs. Nothing was written."""

    exit_code = EXIT_REFUSED


class Conflict(Refused):
    """Somebody else wrote since the version that the writer saw. Nothing was written."""
