"""From a facts report to facts: each claim found in the ticket, or removed with its reason (policy section 2)."""
