"""Judges of a world that moves: what payroll paid and what the ledger holds, and nothing of the product."""
