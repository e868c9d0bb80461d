"""The backend without a model: word rules that read, a template that writes, unknown left as a question.

`extract` and `draft` are plain functions; `OfflineBackend` answers the road's calls with them.
"""

from typing import TYPE_CHECKING, Any

from agent.backends.offline.backend import OfflineBackend

if TYPE_CHECKING:
    from agent.backends.offline.brief import draft
    from agent.backends.offline.extraction import extract

__all__ = ["OfflineBackend", "draft", "extract"]


def __getattr__(name: str) -> Any:
    # Late, so that whoever only names the backend does not read the lexicon.
    if name == "extract":
        from agent.backends.offline.extraction import extract

        return extract
    if name == "draft":
        from agent.backends.offline.brief import draft

        return draft
    raise AttributeError(name)
