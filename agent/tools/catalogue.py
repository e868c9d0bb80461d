"""All tools, in the order in which a model meets them."""

from agent.tools import ledger, road
from agent.tools.tool import Hints, Tool
from schemas import ledger_tools as of_ledger
from schemas import road_tools as of_road

# The same text gives the same case or the same words again; nothing outside is touched.
_LOOKS = Hints(read_only=True, idempotent=True)
_WRITES = Hints(idempotent=False)
_OVERRULES = Hints(destructive=True)

ROAD: tuple[Tool, ...] = (
    Tool(
        "read_ticket",
        "Read a ticket",
        of_road.ReadTicketInput,
        of_road.TicketPage,
        road.read_ticket,
        _LOOKS,
    ),
    Tool("guide", "How to report and to write", of_road.GuideInput, of_road.GuideText, road.guide, _LOOKS),
    Tool(
        "check_facts",
        "Check reported facts",
        of_road.CheckFactsInput,
        of_road.Checked,
        road.check_facts,
        _LOOKS,
    ),
    Tool("decide", "Decide by the policy", of_road.DecideInput, of_road.Decided, road.decide, _LOOKS),
    Tool(
        "override_decision",
        "Put a person's decision in its place",
        of_road.OverrideInput,
        of_road.Decided,
        road.override_decision,
        _OVERRULES,
    ),
    Tool("skeleton", "Outline of the brief", of_road.SkeletonInput, of_road.Outline, road.skeleton, _LOOKS),
    Tool(
        "validate_brief",
        "Validate a brief",
        of_road.ValidateBriefInput,
        of_road.Validated,
        road.validate_brief,
        _LOOKS,
    ),
    Tool(
        "run_ticket",
        "Run the whole road",
        of_road.RunTicketInput,
        of_road.RoadRun,
        road.run_ticket,
        Hints(read_only=True, open_world=True),
        run_async=road.run_ticket_async,
    ),
)
LEDGER: tuple[Tool, ...] = (
    Tool(
        "find_similar",
        "Earlier tickets with the same",
        of_ledger.FindSimilarInput,
        of_ledger.FoundSimilar,
        ledger.find_similar,
        _LOOKS,
        of_ledger=True,
    ),
    Tool(
        "judge_same",
        "Say whether two tickets show the same",
        of_ledger.JudgeSameInput,
        of_ledger.JudgedSame,
        ledger.judge_same,
        Hints(idempotent=True),
        of_ledger=True,
    ),
    Tool(
        "open_escalation",
        "Open an escalation",
        of_ledger.OpenEscalationInput,
        of_ledger.OpenedEscalation,
        ledger.open_escalation,
        Hints(idempotent=True),
        of_ledger=True,
    ),
    Tool("due", "What is due", of_ledger.DueInput, of_ledger.DueList, ledger.due, _LOOKS, of_ledger=True),
    Tool(
        "list_escalations",
        "List escalations",
        of_ledger.ListEscalationsInput,
        of_ledger.EscalationList,
        ledger.list_escalations,
        _LOOKS,
        of_ledger=True,
    ),
    Tool(
        "show_escalation",
        "Show an escalation",
        of_ledger.ShowEscalationInput,
        of_ledger.EscalationShown,
        ledger.show_escalation,
        _LOOKS,
        of_ledger=True,
    ),
    Tool(
        "log_update",
        "Log an update",
        of_ledger.LogUpdateInput,
        of_ledger.Written,
        ledger.log_update,
        _WRITES,
        of_ledger=True,
    ),
    Tool(
        "record_step",
        "Write down a step",
        of_ledger.RecordStepInput,
        of_ledger.Written,
        ledger.record_step,
        _WRITES,
        of_ledger=True,
    ),
    Tool(
        "record_person_decision",
        "Write down a person's decision",
        of_ledger.RecordPersonDecisionInput,
        of_ledger.Written,
        ledger.record_person_decision,
        _OVERRULES,
        of_ledger=True,
    ),
)


def catalogue(*, ledger: bool = True) -> tuple[Tool, ...]:
    """The tools; without those of the ledger, where none is kept."""
    return (*ROAD, *LEDGER) if ledger else ROAD
