"""What a browser sends in a form, within bounds: a form costs more to take apart, check and show than to send."""

from starlette.datastructures import FormData
from starlette.requests import Request

from agent.errors import BadInput

LONGEST = 100_000
"""Characters of a form that holds no ticket: above what anybody types. They are checked, kept and shown each time."""
MOST_FIELDS = 40
MOST_DIGITS = 9
_MOST_BYTES = 4


async def form_of(request: Request, *, fields: int = MOST_FIELDS, longest: int = LONGEST) -> FormData:
    """The form's fields; files are not taken. Raises BadInput for one that is longer than `longest` characters.

    Raises HTTPException for more than `fields`.
    """
    form = await request.form(max_files=0, max_fields=fields, max_part_size=_MOST_BYTES * longest)
    if sum(len(str(value)) for value in form.values()) > longest:
        raise BadInput(f"longer than {longest:,} characters: write down what matters, link the rest")
    return form


def number_in(text: str) -> int | None:
    """The whole number that a form or an address holds; None where it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else None
