"""What all models share: frozen, and no field that the schema does not name."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict

FIRST_YEAR, LAST_YEAR = 1900, 5000
"""Of a moment from outside. Far enough from both ends of the calendar that in any zone, and with pauses and deadlines
added, it is still a date."""

_set = object.__setattr__


def in_calendar(moment: datetime) -> datetime:
    """The moment. Raises ValueError for one so far away that counting from it could leave the calendar."""
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"expected a time in the years {FIRST_YEAR} to {LAST_YEAR}")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(in_calendar)]
LocalMoment = Annotated[datetime, AfterValidator(in_calendar)]
"""As a ticket writes it: without a zone where none is written."""


class Model(BaseModel):
    """A frozen value. An unknown field is an error, so that nothing is dropped in silence."""

    # Without the input: an error's text ends in logs and tracebacks, and the input may be a ticket.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @classmethod
    def made_of(cls, **values: object) -> Self:
        """A value whose fields the program has just worked out: every one is given, in their order, none is checked.

        What `model_construct` gives, without its look at each field: grounding makes some sixty for every ticket.
        """
        made = cls.__new__(cls)
        _set(made, "__dict__", values)
        _set(made, "__pydantic_fields_set__", set(values))
        _set(made, "__pydantic_extra__", None)
        _set(made, "__pydantic_private__", None)
        return made
