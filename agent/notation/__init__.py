"""Numbers, money, dates, times and identifiers as people write them, to values that can be compared (policy 5).

Every function takes plain text and returns mentions in order of their start; offsets are code points of that text.
All work in time linear in the text, and none raises on any text.
"""

from agent.notation.clock import TimeMention, times, times_agree
from agent.notation.days import DateMention, Day, dates, dates_agree
from agent.notation.figures import Number, numbers, numbers_outside, same_number
from agent.notation.scan import read_together
from agent.notation.tokens import Identifier, Quoted, identifiers, quoted_strings

__all__ = [
    "DateMention",
    "Day",
    "Identifier",
    "Number",
    "Quoted",
    "TimeMention",
    "dates",
    "dates_agree",
    "identifiers",
    "numbers",
    "numbers_outside",
    "quoted_strings",
    "read_together",
    "same_number",
    "times",
    "times_agree",
]
