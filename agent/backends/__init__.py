"""Who answers the road's calls: `claude` (a model), or `offline` (word rules and a template, no model)."""

import os

from agent.backends.base import Backend
from agent.errors import BadInput

# What the SDK itself reads a credential from. Only whether one is set is looked at here.
CREDENTIAL_VARIABLES = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")


def pick_backend(choice: str = "auto", model: str | None = None) -> Backend:
    """The backend of that name. `auto` is claude where a credential is set in the environment, else offline.

    Raises `BadInput` for another name, and for a model with the offline backend, which has none.
    """
    if choice not in ("auto", "claude", "offline"):
        raise BadInput(f"backend {choice[:40]!r}: expected auto, claude or offline; choose one of them")
    if choice == "auto":
        choice = "claude" if any(os.environ.get(name) for name in CREDENTIAL_VARIABLES) else "offline"
        if choice == "offline" and model is not None:
            raise BadInput(
                f"model {model[:60]!r} but no key: expected {' or '.join(CREDENTIAL_VARIABLES)} in the environment; "
                "set one, or leave out the model to run offline"
            )
    if choice == "claude":
        from agent.backends.claude import ClaudeBackend

        return ClaudeBackend(model=model)
    if model is not None:
        raise BadInput(f"model {model[:60]!r}: the offline backend has no model; leave it out, or use --backend claude")
    from agent.backends.offline import OfflineBackend

    return OfflineBackend()
