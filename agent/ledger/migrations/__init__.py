"""How the ledger's tables came to be, version by version (Alembic)."""
