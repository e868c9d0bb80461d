"""Hostile input: what reads it, as functions of bytes that check what must hold; see docs/robustness.md."""
