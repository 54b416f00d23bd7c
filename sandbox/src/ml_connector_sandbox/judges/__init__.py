"""Judges: each counts and compares from the books of the simulators, and knows nothing of the product."""
