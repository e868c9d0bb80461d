"""Which column is which part of a ticket: by `--column FIELD=COLUMN`, else by the names that help desks use."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from unicodedata import combining, normalize

from agent.errors import BadInput

TICKET_FIELDS = ("id", "subject", "text", "speaker", "reporter", "opened")
CONTEXT_FIELDS = (
    "tier",
    "account",
    "annual_value",
    "currency",
    "plan",
    "renewal_date",
    "sla_started",
    "sla_due",
)
FIELDS = TICKET_FIELDS + CONTEXT_FIELDS
SIDES = ("customer", "support", "system", "other", "unknown")


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split("|"))


# Per field the usual names, the surest first, each line in English, German, French, Spanish and Portuguese: exports of
# Zendesk, Freshdesk, HubSpot, ServiceNow, Jira, OTRS and home-made ones. Only what a ticket itself says is guessed: a
# wrong tier or SLA would change decisions in silence. Without accents, as `_bare` compares.
_USUAL = {
    "id": "ticket id|ticket number|ticket no|ticket key|issue key|case number|case id|conversation id|"
    "ticketnummer|ticket nummer|ticket nr|ticketnr|fallnummer|vorgangsnummer|vorgangsschlussel|vorgangs id|"
    "numero de ticket|n de ticket|no de ticket|numero du ticket|id du ticket|numero d incident|cle de ticket|"
    "id de ticket|id del ticket|numero del ticket|numero de caso|numero de incidencia|clave de incidencia|"
    "id do ticket|numero do ticket|numero do chamado|id do chamado|"
    "number|key|nummer|schlussel|numero|protocolo|id|nr|record id|issue id|sys id|reference|ref|referenz|"
    "referencia|ticket",
    "subject": "subject|betreff|objet|sujet|asunto|assunto|short description|kurzbeschreibung|description courte|"
    "breve description|descripcion breve|descripcion corta|descricao resumida|ticket subject|ticket name|title|titel|"
    "titre|titulo|summary|zusammenfassung|resume|resumen|resumo|raw subject|issue title",
    "text": "description|beschreibung|descripcion|descricao|ticket description|issue description|problem description|"
    "problembeschreibung|fehlerbeschreibung|ticketbeschreibung|ausfuhrliche beschreibung|description du probleme|"
    "description detaillee|descripcion del problema|descripcion detallada|descricao do problema|descricao detalhada|"
    "body|ticket body|text|texte|texto|ticket text|message|nachricht|mensaje|mensagem|messages|nachrichten|mensajes|"
    "mensagens|content|inhalt|contenu|contenido|conteudo|details|detalles|detalhes|question|anfrage|frage|demande|"
    "consulta|first message|initial message|conversation|conversations|verlauf|transcript|thread",
    "reporter": "reporter|melder|meldende person|rapporteur|informador|relator|requester|requester name|anfragender|"
    "anforderer|demandeur|solicitante|caller|caller id|anrufer|appelant|customer name|kundenname|nom du client|"
    "nombre del cliente|nome do cliente|contact name|ansprechpartner|full name|vollstandiger name|nom complet|"
    "nombre completo|nome completo|reported by|gemeldet von|signale par|reportado por|opened by|eroffnet von|"
    "ouvert par|abierto por|aberto por|erstellt von|cree par|creado por|criado por|autor|auteur|absender|"
    "requester email|customer email|contact email|from|von|email|e mail|correo electronico|contact|kontakt|"
    "contacto|contato",
    "opened": "opened|opened at|geoffnet|geoffnet am|eroffnet|eroffnet am|ouvert le|abierto el|aberto em|created at|"
    "erstellt am|cree le|creado el|criado em|created|erstellt|cree|creado|criado|created time|erstellungszeit|"
    "create date|created date|creation date|created on|date created|erstelldatum|erstellungsdatum|angelegt am|"
    "date de creation|date d ouverture|fecha de creacion|fecha de apertura|data de criacao|data de abertura|"
    "submitted at|reported at|gemeldet am|signale le|requested at|angefordert|eingang|eingangsdatum|eingegangen am|"
    "timestamp|zeitstempel|date|datum|fecha",
}
_ALSO_TEXT = _names(
    "comments|comment|additional comments|comments and work notes|work notes|public comments|replies|notes|"
    "all comments|conversation history|"
    "kommentare|kommentar|weitere kommentare|zusatzliche kommentare|kommentare und arbeitsnotizen|arbeitsnotizen|"
    "antworten|antwort|notizen|bemerkungen|"
    "commentaires|commentaire|commentaires supplementaires|notes de travail|reponses|remarques|"
    "comentarios|comentario|comentarios adicionales|notas de trabajo|notas|respuestas|observaciones|"
    "comentarios adicionais|notas de trabalho|respostas|observacoes"
)
# What may stand above the messages as lines of the ticket's head, as the readers of JSON exports show it.
_HEAD_LINES = _names(
    "status|state|priority|urgency|impact|severity|type|ticket type|issue type|category|subcategory|channel|source|via|"
    "tags|labels|group|assignment group|company|company name|organization|organisation|account|account name|product|"
    "component|components|version|environment|plan|region|ticket status|pipeline|ticket owner|assignee|"
    "zustand|prioritat|dringlichkeit|auswirkung|schweregrad|typ|tickettyp|vorgangstyp|kategorie|unterkategorie|kanal|"
    "quelle|schlagworter|stichworter|gruppe|zuweisungsgruppe|queue|firma|unternehmen|kunde|konto|produkt|komponente|"
    "komponenten|umgebung|bearbeiter|besitzer|zugewiesen an|zustandig|"
    "statut|etat|priorite|urgence|gravite|type de ticket|categorie|sous categorie|canal|etiquettes|groupe|societe|"
    "entreprise|client|compte|produit|composant|composants|environnement|assigne a|attribue a|"
    "estado|prioridad|urgencia|impacto|gravedad|severidad|tipo|tipo de ticket|categoria|subcategoria|origen|etiquetas|"
    "grupo|empresa|cliente|cuenta|producto|componente|componentes|entorno|asignado a|agente|"
    "prioridade|gravidade|severidade|origem|conta|produto|ambiente|versao|atribuido a|responsavel"
)
# Fields that one person fills in. Any other column of text may hold a whole conversation.
_ONE_HAND = _names(
    "description|ticket description|issue description|problem description|short description|subject|title|summary|"
    "body|ticket body|message|details|question|first message|initial message|"
    "beschreibung|problembeschreibung|fehlerbeschreibung|ticketbeschreibung|ausfuhrliche beschreibung|kurzbeschreibung|"
    "betreff|titel|zusammenfassung|nachricht|anfrage|frage|"
    "description du probleme|description detaillee|description courte|breve description|objet|sujet|titre|resume|"
    "demande|descripcion|descripcion del problema|descripcion detallada|descripcion breve|descripcion corta|asunto|"
    "titulo|resumen|mensaje|detalles|consulta|"
    "descricao|descricao do problema|descricao detalhada|descricao resumida|assunto|resumo|mensagem|detalhes"
)
# Without their dots umlauts are written with an e as often as without one.
_SPELT = re.compile("ae|oe|ue")
_SHOWN = 30  # names of columns in a message


@dataclass(frozen=True, slots=True)
class Mapping:
    """For one header: the positions of the columns of each field. `side`: who speaks in every row, if that was said."""

    header: tuple[str, ...]
    fields: dict[str, tuple[int, ...]]
    head_lines: tuple[int, ...]
    guessed: frozenset[str]
    side: str | None = None

    def sentence(self) -> str:
        """What is read from where, for people."""
        parts = []
        for field in FIELDS:
            if field in self.fields:
                names = dict.fromkeys(shown_name(self.header[at]) for at in self.fields[field])
                parts.append(f"{field} from {' and '.join(names)}{' (guessed)' if field in self.guessed else ''}")
        if self.side:
            parts.append(f"all said by {self.side}")
        lines = ", ".join(dict.fromkeys(shown_name(self.header[at]) for at in self.head_lines))
        return f"columns: {'; '.join(parts)}" + (f"; as lines of the head {lines}" if lines else "")


@dataclass(frozen=True, slots=True)
class Columns:
    """What the flags say, in their order. An empty column means: leave this field out, do not guess it."""

    named: tuple[tuple[str, str], ...] = ()

    def mapping(self, header: Sequence[str]) -> Mapping:
        """The columns of this header. One that is not there is left out; `missing` tells which."""
        header = tuple(header)
        folded = [_folded(name) for name in header]
        fields: dict[str, tuple[int, ...]] = {}
        side = None
        for field, column in self.named:
            if not column:
                continue
            found = _find(header, folded, column)
            if not found and field == "speaker" and column in SIDES:
                side = column
            elif found:
                fields[field] = fields.get(field, ()) + found
        said = {field for field, _ in self.named}
        used = {at for found in fields.values() for at in found}
        guessed = _guess(folded, said, used)
        fields |= guessed
        used = {at for found in fields.values() for at in found}
        lines = tuple(
            at for at, name in enumerate(folded) if at not in used and not _HEAD_LINES.isdisjoint(_spellings(name))
        )
        return Mapping(header, fields, lines, frozenset(guessed), side)

    def missing(self, header: Sequence[str]) -> list[str]:
        """The columns that were named and that this header does not have."""
        header = tuple(header)
        folded = [_folded(name) for name in header]
        return [
            column
            for field, column in self.named
            if column and not _find(header, folded, column) and not (field == "speaker" and column in SIDES)
        ]


def parse_columns(flags: Sequence[str]) -> Columns:
    """`FIELD=COLUMN` as given on the command line. Raises BadInput for what is no field, and for one given twice."""
    named: list[tuple[str, str]] = []
    for flag in flags:
        field, sign, column = flag.partition("=")
        field = field.strip().casefold().replace("-", "_")
        if not sign or field not in FIELDS:
            raise BadInput(f"--column {flag[:80]!r}: expected FIELD=COLUMN, where FIELD is one of {', '.join(FIELDS)}")
        if field != "text" and field in {known for known, _ in named}:
            raise BadInput(f"--column {flag[:80]!r}: {field} was given before; only text may come from several columns")
        named.append((field, column.strip()))
    return Columns(tuple(named))


def holds_thread(column: str) -> bool:
    """Whether a column of this name may hold messages of several people under headers of their own."""
    return _ONE_HAND.isdisjoint(_spellings(_folded(column)))


def unknown_columns(where: str, missing: Sequence[str], header: Sequence[str]) -> BadInput:
    """The error for columns that were named and do not exist."""
    named = " and ".join(repr(name[:80]) for name in missing)
    return BadInput(f"{where} has no column {named}: there are {listed(header)}")


def no_text(where: str, header: Sequence[str]) -> BadInput:
    """The error where no column holds the tickets' text."""
    return BadInput(
        f"{where}: no column looks like the ticket's text: say it with --column text=COLUMN; there are {listed(header)}"
    )


def listed(header: Sequence[str]) -> str:
    """The columns' names on one line, the first of many."""
    names = list(dict.fromkeys(shown_name(name) for name in header))
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "") if names else "none"


def shown_name(name: str) -> str:
    """A column's name in a message."""
    return repr(name[:60])


def _folded(name: str) -> str:
    return re.sub(r"[\W_]+", " ", normalize("NFC", name[:200])).strip().casefold()


def _spellings(folded: str) -> Iterator[str]:
    """A column's name as the tables may have it: without accents, which programs lose, and with `ae` for an umlaut."""
    bare = "".join(sign for sign in normalize("NFKD", folded) if not combining(sign))
    yield bare
    if _SPELT.search(bare):
        yield _SPELT.sub(lambda found: found[0][0], bare)


def _find(header: tuple[str, ...], folded: list[str], column: str) -> tuple[int, ...]:
    """Every column of that name (Jira's CSV has one `Comment` for each comment), as written, else apart from case."""
    exact = tuple(at for at, name in enumerate(header) if name == column)
    return exact or tuple(at for at, name in enumerate(folded) if name and name == _folded(column))


def _guess(folded: list[str], said: set[str], used: set[int]) -> dict[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {}
    spelt = [frozenset(_spellings(name)) for name in folded]
    taken = set(used)
    for field, usual in _USUAL.items():
        if field in said:
            continue
        for name in usual.split("|"):
            places = tuple(at for at, names in enumerate(spelt) if name in names and at not in taken)
            if places:
                found[field] = places
                taken |= set(places)
                break
    if "text" not in said:
        more = tuple(at for at, names in enumerate(spelt) if names & _ALSO_TEXT and at not in taken)
        if more or "text" in found:
            found["text"] = found.get("text", ()) + more
    return found
