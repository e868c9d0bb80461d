"""Which version of this program it is."""

from functools import cache


@cache
def program_version() -> str:
    """As installed; `unknown` for a checkout that was never installed."""
    from importlib.metadata import PackageNotFoundError, version  # slow to import

    try:
        return version("escalation")
    except PackageNotFoundError:
        return "unknown"
