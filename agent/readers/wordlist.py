"""Closed lists of words, written as prose lines so that they stay readable."""


def words(text: str) -> frozenset[str]:
    """The words between the spaces of `text`."""
    return frozenset(text.split())
