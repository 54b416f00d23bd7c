"""Companies to simulate: plain data for a payroll and a ledger that belong together."""
