"""The page: the chat and the ledger in a browser, served on this machine (`escalation serve`).

It shares the chat's engine and the ledger's verbs; there is no second way to decide.
"""
