"""The chat's engine: what a person says about one ticket, and what follows from it."""
