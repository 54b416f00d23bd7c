"""A world in which people are hired, leave, move and come back, from a seed: a payroll, a ledger with a
clerk, and the product's flow of workers between them.
"""
