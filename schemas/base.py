"""What all models share: frozen, and no field that the schema does not name."""

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """A frozen value. An unknown field is an error, so that nothing is dropped in silence."""

    model_config = ConfigDict(frozen=True, extra="forbid")
