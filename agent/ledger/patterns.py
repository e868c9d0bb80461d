"""Which earlier tickets may show the same, and what is known about that (policy sections 1 and 4, PAT-1 and PAT-2).

The index finds candidates; that two tickets are the same is never the index's word. Support says so, or a model does,
with its reason; without either it stays "possible, confirm". What somebody judged is kept and not asked again.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Text, bindparam, delete, func, insert, select, text, update

from agent.ledger import tables as t
from agent.ledger.database import Database
from agent.ledger.door import without_secrets
from agent.ledger.fingerprint import Fingerprint

# Words that are asked for: the rarest ones tell the most, and a common one costs a walk over half the ledger.
MOST_ASKED = 14
MOST_RETRIEVED = 60
# Shares of common meaning, 0 to 1, measured on planted groups (docs/ledger.md). From the first on, a pair is worth a
# person's look; a model, which reads both, is asked about weaker ones too.
LIKELY = 0.28
LIKELY_IN_SAME_AREA = 0.22
WORTH_ASKING = 0.05
MOST_LIKELY, MOST_COMPARED = 3, 8
# How long after its end an escalation may still be recognised as the same fault come back.
REGRESSION_DAYS = 365
_REPORT_LOCK = 0x7265706F  # the first of two keys, so that a ticket's lock is no other lock of the server


@dataclass(frozen=True, slots=True)
class Candidate:
    """An earlier report. `verdict`: somebody judged the pair; None: nobody yet. `score`: 0 to 1, words in common.

    `likely`: alike enough to show to a person, without a model that compared them.
    """

    ticket: str
    account: str | None
    reported_at: datetime
    title: str
    product_area: str | None
    symptoms: tuple[str, ...]
    codes: tuple[str, ...]
    high_value: bool | None
    blocked: bool | None
    escalation: int | None
    score: float
    shared_codes: tuple[str, ...]
    shared_terms: tuple[str, ...]
    likely: bool = False
    state: str | None = None
    verdict: bool | None = None
    confirmed_by: str = ""
    why: str = ""


def look_up(database: Database, print_: Fingerprint, window_days: int, now: datetime) -> list[Candidate]:
    """Earlier reports that are, or may be, the same, the surest first. Never the ticket itself."""
    with database.reading() as connection:
        judged = _judged(connection, print_.ticket)
        rows = _retrieved(connection, print_, now - timedelta(days=window_days))
        known = {row["ticket"] for row in rows}
        missing = [other for other, verdict in judged.items() if verdict["same"] and other not in known]
        rows += _reports(connection, t.report.c.ticket.in_(missing)) if missing else []
        frequency, total = _frequencies(connection, print_.terms)
        codes = _codes(connection, [row["number"] for row in rows])
    candidates = []
    for row in rows:
        if row["ticket"] == print_.ticket:
            continue
        verdict = judged.get(row["ticket"])
        if verdict is not None and not verdict["same"]:
            continue  # somebody said that it is another thing
        candidate = _weighed(print_, row, codes.get(row["number"], ()), frequency, total)
        if verdict is not None:
            candidate = _with_verdict(candidate, verdict)
        elif not _in_time(candidate, now, window_days) or not _worth_asking(candidate):
            continue
        candidates.append(candidate)
    candidates.sort(key=lambda c: (c.verdict is not True, -len(c.shared_codes), -c.score, c.ticket))
    sure = [candidate for candidate in candidates if candidate.verdict]
    return sure + [candidate for candidate in candidates if not candidate.verdict][:MOST_COMPARED]


def remember(
    connection: Connection,
    database: Database,
    print_: Fingerprint,
    *,
    outcome: str,
    escalation: int | None,
    high_value: bool | None = None,
) -> None:
    """Write the report down, or anew where the ticket changed."""
    row = {
        "ticket": print_.ticket,
        "ticket_sha256": print_.ticket_sha256,
        "account": print_.account,
        "reported_at": print_.reported_at,
        "escalation": escalation,
        "outcome": outcome,
        "title": print_.title,
        "product_area": print_.product_area,
        "high_value": high_value,
        "blocked": print_.blocked,
        "symptoms": json.dumps(print_.symptoms, ensure_ascii=False),
        "terms": " ".join(print_.terms),
    }
    _alone_with(connection, print_.ticket, escalation)
    known = connection.execute(
        select(t.report.c.number, t.report.c.terms).where(t.report.c.ticket == print_.ticket).with_for_update()
    ).one_or_none()
    if known is None:
        number = int(connection.execute(insert(t.report).values(**row)).inserted_primary_key[0])  # type: ignore[index]
    else:
        number = known.number
        if escalation is None:
            del row["escalation"]
        connection.execute(update(t.report).where(t.report.c.number == number).values(**row))
        connection.execute(delete(t.code).where(t.code.c.report == number))
        if database.is_sqlite:
            forget = text("INSERT INTO report_terms(report_terms, rowid, terms) VALUES('delete', :number, :terms)")
            connection.execute(forget, {"number": number, "terms": known.terms})
    if print_.codes:
        connection.execute(insert(t.code), [{"report": number, "value": code} for code in print_.codes])
    if database.is_sqlite:
        index = text("INSERT INTO report_terms(rowid, terms) VALUES(:number, :terms)")
        connection.execute(index, {"number": number, "terms": row["terms"]})


def _alone_with(connection: Connection, ticket: str, escalation: int | None) -> None:
    """Until the transaction ends nobody else writes the report of this ticket, also where there is none yet.

    The escalation comes first, as where a ticket is attached to it: else two could wait for each other. On SQLite a
    writer is alone anyway.
    """
    if connection.dialect.name != "postgresql":
        return
    if escalation is not None:
        row = select(t.escalation.c.number).where(t.escalation.c.number == escalation)
        connection.execute(row.with_for_update(read=True, key_share=True))
    lock = text("SELECT pg_advisory_xact_lock(:report, hashtext(:ticket))")
    connection.execute(lock, {"report": _REPORT_LOCK, "ticket": ticket})


def judge(
    connection: Connection,
    ticket: str,
    other: str,
    *,
    same: bool,
    by: str,
    confirmed_by: str,
    why: str,
    at: datetime,
) -> None:
    """Keep what somebody said about two tickets. The newest word counts; support's over a model's.

    What stands already and is said again is kept once.
    """
    why = without_secrets(why)
    standing = _judged(connection, ticket).get(other)
    if standing is not None and (standing["same"], standing["confirmed_by"], standing["why"]) == (
        same,
        confirmed_by,
        why,
    ):
        return
    values = {"ticket": ticket, "other": other, "same": same, "by": by, "confirmed_by": confirmed_by, "why": why}
    connection.execute(insert(t.verdict).values(at=at, **values))


def group_of(database: Database, ticket: str, tickets: Sequence[str]) -> set[str]:
    """All tickets that are the same as these by somebody's word, directly or through another one.

    Without `ticket` itself, and without those of which somebody said that they are not the same as it.
    """
    with database.reading() as connection:
        other_things = {other for other, verdict in _judged(connection, ticket).items() if not verdict["same"]}
        without = other_things | {ticket}
        group = set(tickets) - without
        fresh = sorted(group)
        while fresh:
            found: set[str] = set()
            for known in fresh:
                found |= {other for other, verdict in _judged(connection, known).items() if verdict["same"]}
            found |= _hanging_together(connection, fresh)
            fresh = sorted(found - group - without)
            group |= set(fresh)
    return group


def hang(
    connection: Connection,
    *,
    ticket: str,
    account: str | None,
    at: datetime,
    escalation: int,
    title: str,
) -> None:
    """A ticket hangs on an escalation by somebody's word: known from now on, also before it is read."""
    _alone_with(connection, ticket, escalation)
    known = connection.execute(select(t.report.c.number).where(t.report.c.ticket == ticket)).scalar()
    if known is not None:
        connection.execute(update(t.report).where(t.report.c.number == known).values(escalation=escalation))
        return
    values = {
        "ticket": ticket,
        "ticket_sha256": "",
        "account": account,
        "reported_at": at,
        "escalation": escalation,
        "outcome": "attached",
        "title": title,
        "symptoms": "[]",
        "terms": "",
    }
    number = connection.execute(insert(t.report).values(**values)).inserted_primary_key[0]  # type: ignore[index]
    if connection.dialect.name == "sqlite":
        index = text("INSERT INTO report_terms(rowid, terms) VALUES(:number, '')")
        connection.execute(index, {"number": number})


def reports_of(database: Database, tickets: Sequence[str]) -> list[dict[str, Any]]:
    """The reports of these tickets, oldest first, each with `resolved_at` of its escalation, None if it is not."""
    with database.reading() as connection:
        rows = [dict(row) for row in _reports(connection, t.report.c.ticket.in_(list(tickets)))]
        numbers = {row["escalation"] for row in rows if row["escalation"] is not None}
        records = connection.execute(
            select(t.escalation.c.number, t.escalation.c.record).where(t.escalation.c.number.in_(numbers))
        )
        resolved = {number: json.loads(record).get("resolved_at") for number, record in records}
    for row in rows:
        moment = resolved.get(row["escalation"])
        row["resolved_at"] = datetime.fromisoformat(moment) if moment else None
    return sorted(rows, key=lambda row: (row["reported_at"], row["ticket"]))


def _hanging_together(connection: Connection, tickets: list[str]) -> set[str]:
    """Tickets on the same escalation: support put them there."""
    own = select(t.report.c.escalation).where(t.report.c.ticket.in_(tickets), t.report.c.escalation.is_not(None))
    rows = connection.execute(select(t.report.c.ticket).where(t.report.c.escalation.in_(own)))
    return {row.ticket for row in rows}


def _judged(connection: Connection, ticket: str) -> dict[str, dict[str, Any]]:
    """The standing word about each other ticket: support's newest, else the model's newest."""
    rows = connection.execute(
        select(t.verdict)
        .where((t.verdict.c.ticket == ticket) | (t.verdict.c.other == ticket))
        .order_by(t.verdict.c.number)
    ).mappings()
    standing: dict[str, dict[str, Any]] = {}
    for row in rows:
        other = row["other"] if row["ticket"] == ticket else row["ticket"]
        before = standing.get(other)
        if before is None or before["confirmed_by"] != "support" or row["confirmed_by"] == "support":
            standing[other] = dict(row)
    return standing


def _retrieved(connection: Connection, print_: Fingerprint, since: datetime) -> list[Any]:
    """By code, and by the rarest words; recent ones, and older ones that were escalated."""
    found: dict[int, Any] = {}
    if print_.codes:
        by_code = (
            select(t.code.c.report)
            .where(t.code.c.value.in_(print_.codes))
            .order_by(t.code.c.report.desc())
            .limit(MOST_RETRIEVED)
        )
        found |= {row["number"]: row for row in _reports(connection, t.report.c.number.in_(by_code))}
    numbers = _by_words(connection, print_, since)
    if numbers:
        found |= {row["number"]: row for row in _reports(connection, t.report.c.number.in_(numbers))}
    return [row for _, row in sorted(found.items())]


def _by_words(connection: Connection, print_: Fingerprint, since: datetime) -> list[int]:
    if not print_.terms:
        return []
    sqlite = connection.dialect.name == "sqlite"
    frequency, _ = _frequencies(connection, print_.terms)
    rarest = sorted((term for term in print_.terms if frequency.get(term)), key=lambda term: (frequency[term], term))
    if not rarest:
        return []
    low = connection.execute(select(func.min(t.report.c.number)).where(t.report.c.reported_at >= since)).scalar()
    numbers: dict[int, None] = {}
    for lowest in dict.fromkeys((low if low is not None else 0, 0)):
        if sqlite:
            query = text(
                "SELECT rowid FROM report_terms WHERE report_terms MATCH :words AND rowid >= :low "
                "ORDER BY rank LIMIT :most"
            )
            words = " OR ".join(f'"{term}"' for term in rarest[:MOST_ASKED])
        else:
            query = text(
                "SELECT number FROM report WHERE array_to_tsvector(string_to_array(terms, ' ')) @@ (:words)::tsquery "
                "AND number >= :low ORDER BY number DESC LIMIT :most"
            )
            words = " | ".join(_quoted(term) for term in rarest[:MOST_ASKED])
        values = {"words": words, "low": lowest, "most": MOST_RETRIEVED if sqlite else 10 * MOST_RETRIEVED}
        numbers |= dict.fromkeys(int(row[0]) for row in connection.execute(query, values))
    return list(numbers)


def _quoted(term: str) -> str:
    """A lexeme as PostgreSQL's query language reads it, whatever stands in it."""
    escaped = term.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def _frequencies(connection: Connection, words: Sequence[str]) -> tuple[dict[str, int], int]:
    """In how many reports each word stands, and how many reports there are."""
    total = connection.execute(select(func.count()).select_from(t.report)).scalar_one()
    if not words:
        return {}, total
    if connection.dialect.name == "sqlite":
        query = text("SELECT term, doc FROM report_vocabulary WHERE term IN :words").bindparams(
            bindparam("words", expanding=True)
        )
        rows = connection.execute(query, {"words": list(words)})
        return {row.term: row.doc for row in rows}, total
    query = text(
        "SELECT word, (SELECT count(*) FROM report WHERE array_to_tsvector(string_to_array(terms, ' ')) "
        "@@ (quoted)::tsquery) AS doc FROM unnest(:words, :quoted) AS asked(word, quoted)"
    ).bindparams(bindparam("words", type_=_array()), bindparam("quoted", type_=_array()))
    rows = connection.execute(query, {"words": list(words), "quoted": [_quoted(word) for word in words]})
    return {row.word: row.doc for row in rows if row.doc}, total


def _array() -> Any:
    from sqlalchemy.dialects.postgresql import ARRAY

    return ARRAY(Text)


def _reports(connection: Connection, condition: Any) -> list[Any]:
    query = (
        select(t.report, t.escalation.c.state)
        .select_from(t.report.outerjoin(t.escalation, t.report.c.escalation == t.escalation.c.number))
        .where(condition)
    )
    return list(connection.execute(query).mappings())


def _codes(connection: Connection, numbers: list[int]) -> dict[int, tuple[str, ...]]:
    codes: dict[int, tuple[str, ...]] = {}
    if numbers:
        for row in connection.execute(select(t.code).where(t.code.c.report.in_(numbers)).order_by(t.code.c.value)):
            codes[row.report] = (*codes.get(row.report, ()), row.value)
    return codes


def _weighed(print_: Fingerprint, row: Any, codes: tuple[str, ...], frequency: dict[str, int], total: int) -> Candidate:
    mine, theirs = set(print_.terms), set(row["terms"].split())
    shared = mine & theirs
    # A word of theirs that is not in this ticket counts as one that stands in a report or two: it only weighs down.
    usual = _weight(max(1, round(total / 50)), total)

    def weight(term: str) -> float:
        return _weight(frequency[term], total) if term in frequency else usual

    shared_codes = tuple(code for code in print_.codes if code in codes)
    common = sum(weight(term) for term in sorted(shared))
    whole = math.sqrt(sum(weight(term) for term in sorted(mine)) * sum(weight(term) for term in sorted(theirs)))
    score = round(common / whole, 4) if whole else 0.0
    return Candidate(
        ticket=row["ticket"],
        account=row["account"],
        reported_at=row["reported_at"],
        title=row["title"],
        product_area=row["product_area"],
        symptoms=tuple(json.loads(row["symptoms"])),
        codes=codes,
        high_value=row["high_value"],
        blocked=row["blocked"],
        escalation=row["escalation"],
        score=score,
        shared_codes=shared_codes,
        shared_terms=tuple(sorted(shared, key=lambda term: (-weight(term), term))[:8]),
        likely=_likely(print_, row["product_area"], score, shared_codes),
        state=row["state"],
    )


def _weight(documents: int, total: int) -> float:
    """How much a word tells: BM25's inverse document frequency, never negative."""
    return math.log(1 + (total - documents + 0.5) / (documents + 0.5))


def _in_time(candidate: Candidate, now: datetime, window_days: int) -> bool:
    """Within the pattern's window; longer for what was escalated, since it may come back."""
    days = window_days if candidate.escalation is None else max(window_days, REGRESSION_DAYS)
    return now - timedelta(days=days) <= candidate.reported_at <= now + timedelta(days=1)


def _worth_asking(candidate: Candidate) -> bool:
    return bool(candidate.shared_codes) or candidate.score >= WORTH_ASKING


def _likely(print_: Fingerprint, candidate_area: str | None, score: float, shared_codes: tuple[str, ...]) -> bool:
    mine = print_.product_area
    same_area = mine is not None and candidate_area is not None and mine.casefold() == candidate_area.casefold()
    return bool(shared_codes) or score >= (LIKELY_IN_SAME_AREA if same_area else LIKELY)


def _with_verdict(candidate: Candidate, verdict: dict[str, Any]) -> Candidate:
    return replace(candidate, verdict=bool(verdict["same"]), confirmed_by=verdict["confirmed_by"], why=verdict["why"])
