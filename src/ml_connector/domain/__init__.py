"""The auditor's arithmetic: values and pure functions, standard library only; no clock, no I/O, no vendor
word.
"""
