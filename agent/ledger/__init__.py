"""After the escalation: the ledger, its clocks, what is due, what repeats, what was learned (policy 6 and 7)."""
