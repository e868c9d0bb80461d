"""What all models share: frozen, and no field that the schema does not name."""

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """A frozen value. An unknown field is an error, so that nothing is dropped in silence."""

    # Without the input: an error's text ends in logs and tracebacks, and the input may be a ticket.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
