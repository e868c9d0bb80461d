"""The connection to a ledger's database: SQLite with a write-ahead log, or PostgreSQL. Makes and migrates the tables.

What was acknowledged survives a killed process and, by `synchronous=FULL`, a lost current.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.pool import NullPool

from agent.errors import BadInput
from agent.ledger.where import EXPECTED, file_of, ledger_url, shown

SCHEMA = "0003"
"""The version of the tables that this program reads and writes: the newest in migrations/."""
BUSY_SECONDS = 30  # a writer waits for another this long
CONNECT_SECONDS = 10  # for a server to answer, for each of its addresses; `connect_timeout` in the URL overrules it
_MIGRATION_LOCK = 0x65736361  # any number that no other program on the server uses


class Database:
    """One ledger's database. Makes the tables where there are none; brings an older SQLite file up to date.

    Raises BadInput for a database that cannot be reached, is no ledger, or has tables of another version.
    """

    def __init__(self, url: str | None = None, *, upgrade: bool = False) -> None:
        """`upgrade`: also bring the older tables of a server up to date; else that is refused."""
        self.url = ledger_url(url)
        self.shown = shown(self.url)
        self.engine = self._engine()
        with self._named_errors():
            version = self._version()
            self.found = version
            if version != SCHEMA:
                self._bring_up(version, upgrade)

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file of this machine."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state of the ledger throughout."""
        # SQLite's reader does so anyway; PostgreSQL's would see what others commit between two queries.
        options: dict[str, Any] = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with self._named_errors(), self.engine.connect() as plain:
            connection = plain.execution_options(**options)
            with connection.begin():
                yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction: all that is written in it stands, or nothing. On SQLite it is alone from its beginning."""
        with (
            self._named_errors(),
            self.engine.connect().execution_options(immediate=True) as connection,
            connection.begin(),
        ):
            if not self.is_sqlite:  # SQLite's connection has the same patience
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{BUSY_SECONDS}s'")
            yield connection

    def _engine(self) -> Engine:
        file = file_of(self.url)
        if file is None:
            try:
                return create_engine(self.url, poolclass=NullPool, connect_args=_patience(self.url))
            except (ArgumentError, ValueError):
                raise BadInput(f"ledger {self.shown!r}: no database URL: expected {EXPECTED}") from None
        try:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))  # it holds what customers wrote
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise BadInput(
                f"ledger {str(file)[:200]!r} cannot be opened: {reason}; name another with --ledger"
            ) from None
        engine = create_engine(
            URL.create("sqlite", database=str(file)),  # not the text, in which a ? would begin options
            poolclass=NullPool,
            connect_args={"timeout": BUSY_SECONDS, "isolation_level": None},
        )
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
        return engine

    def _version(self) -> str | None:
        """The version of the tables; None for an empty database."""
        with self.engine.connect() as connection, connection.begin():
            tables = set(self.engine.dialect.get_table_names(connection))
            if {"alembic_version", "escalation", "event"} <= tables:
                found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
                return found
        if tables:
            raise BadInput(
                f"ledger {self.shown!r}: holds other tables and no ledger: name an empty database or a ledger's own"
            )
        return None

    def _bring_up(self, version: str | None, upgrade: bool) -> None:
        if version is not None and version > SCHEMA:
            raise BadInput(
                f"ledger {self.shown!r} was made by a newer program (tables {version}, this one knows {SCHEMA}): "
                "update this program"
            )
        if version is not None and not self.is_sqlite and not upgrade:
            raise BadInput(
                f"ledger {self.shown!r} has older tables ({version}, needed {SCHEMA}): when all who share it can "
                "update, run `escalation ledger upgrade`"
            )
        if version is None and self.is_sqlite:
            write_ahead(self.engine)
        if version is None:
            migrate(self.engine)
            return
        from agent.ledger.store import Ledger

        migrate(self.engine, then=Ledger(self).derive)  # an older program derived less

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except ModuleNotFoundError as error:
            raise BadInput(
                f"ledger {self.shown!r}: the package {error.name!r} is missing: install this program with its "
                "extra `postgres`"
            ) from None
        except IntegrityError:  # two writers met: what that means, the writer knows
            raise
        except (DBAPIError, UnicodeEncodeError) as error:
            told = " ".join(str(error.orig if isinstance(error, DBAPIError) else error).split())
            said = told.partition(" LINE ")[0][:200]  # PostgreSQL shows a piece of the statement behind that
            if "locked" in said or "lock timeout" in said:
                todo = "somebody else is writing: try again"
            else:
                todo = "name another with --ledger" if self.is_sqlite else "check that its server can be reached"
            raise BadInput(f"ledger {self.shown!r} cannot be used: {said}; {todo}") from None


def upgrade(url: str | None) -> str | None:
    """Bring a ledger's tables up to date. Returns the version that they had; None: there were none."""
    return Database(url, upgrade=True).found


def write_ahead(engine: Engine) -> None:
    """Let readers go on while somebody writes. Kept in the file; SQLite itself does not wait for a lock here."""
    from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

    waiting = Retrying(
        retry=retry_if_exception(lambda error: isinstance(error, OperationalError) and "locked" in str(error)),
        stop=stop_after_delay(BUSY_SECONDS),
        wait=wait_fixed(0.05),
        reraise=True,
    )
    for attempt in waiting:
        with attempt, engine.connect() as connection:
            raw = connection.connection.cursor()
            try:
                raw.execute("PRAGMA journal_mode=WAL")
            except sqlite3.Error as error:  # the driver's own, which SQLAlchemy did not see
                raise OperationalError("PRAGMA journal_mode=WAL", {}, error) from None
            finally:
                raw.close()


def migrate(engine: Engine, revision: str = "head", then: Callable[[Connection], object] | None = None) -> None:
    """Run the migrations up to `revision`, and `then`: both or neither. Two at once: the second waits for the first."""
    from alembic import command  # slow to import, and needed once in a ledger's life and at each new version
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "agent.ledger:migrations")
    with engine.connect().execution_options(immediate=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})"))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        if then is not None:
            then(connection)


def _patience(url: str) -> dict[str, int]:
    """How long to wait for a server, unless whoever named it has said so: psycopg alone waits for two minutes."""
    if "connect_timeout" in make_url(url).query or "PGCONNECT_TIMEOUT" in os.environ:
        return {}
    return {"connect_timeout": CONNECT_SECONDS}


def _prepare(connection: Any, _: object) -> None:
    cursor = connection.cursor()
    for pragma in ("synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    # A transaction that reads first and writes later could find that another wrote between; so writers begin as such.
    immediate = connection.get_execution_options().get("immediate")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
