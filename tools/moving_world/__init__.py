"""A world that moves: payrolls, ledgers, people, faults, and the whole product between them, from a seed."""
