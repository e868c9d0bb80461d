"""Errors that reach a person, and the exit codes they end in.

Each message is one line: the value, what was expected, the next step. Nothing else may end a command.
"""

EXIT_DONE = 0
EXIT_BAD_INPUT = 2
EXIT_FINDINGS = 3  # findings, or more information is needed
EXIT_MODEL = 4  # the model is unavailable, refused, or answered with something unusable
EXIT_INTERRUPTED = 130


class EscalationError(Exception):
    """Base of every error that this program raises on purpose."""

    exit_code = EXIT_BAD_INPUT


class BadInput(EscalationError):
    """A ticket, facts, context, policy or brief that cannot be used as it is."""
