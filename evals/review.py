"""How far two readers with the same policy agree on the labels: the ceiling of what any system can be held to."""

import json
from pathlib import Path

from evals.cases import Case
from evals.stats import Share, kappa, share
from schemas.base import Model

SECOND_READER = Path(__file__).resolve().parent / "review" / "second_reader.jsonl"
FIELDS = ("outcome", "owner", "leadership", "next_hop", "severity", "deciding_rule")


class Reading(Model):
    """One label by the second reader."""

    id: str
    outcome: str
    owner: str
    leadership: bool
    next_hop: str
    severity: str
    deciding_rule: str
    sure: bool
    reason: str


class FieldAgreement(Model):
    """Agreement on one field; kappa is None where both readers always say the same one thing."""

    field: str
    same: Share
    kappa: float | None


class Disagreement(Model):
    """A ticket that the two readers labelled differently, and the second one's reason."""

    case: str
    field: str
    first: str
    second: str
    reason: str


def second_reader() -> dict[str, Reading]:
    """By case. Raises FileNotFoundError if there is no second reading."""
    lines = SECOND_READER.read_text(encoding="utf-8").splitlines()
    return {entry.id: entry for entry in (Reading.model_validate(json.loads(line)) for line in lines if line)}


def agreement_of(cases: tuple[Case, ...]) -> tuple[tuple[FieldAgreement, ...], tuple[Disagreement, ...]]:
    """Field by field, and every disagreement. Cases without a second reading are left out."""
    read = second_reader()
    both = [(case, read[case.id]) for case in cases if case.id in read]
    fields, disagreements = [], []
    for name in FIELDS:
        pairs = [(_said(case.labels, name), _said(second, name)) for case, second in both]
        fields.append(FieldAgreement(field=name, same=share([a == b for a, b in pairs]), kappa=kappa(pairs)))
        disagreements += [
            Disagreement(case=case.id, field=name, first=a, second=b, reason=second.reason)
            for (case, second), (a, b) in zip(both, pairs, strict=True)
            if a != b
        ]
    return tuple(fields), tuple(disagreements)


def _said(label: object, name: str) -> str:
    return str(getattr(label, name) or "none")
