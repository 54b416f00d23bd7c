"""Suites that every connector must pass, the in-memory reference system that proves them, and storage in
memory to run them on.
"""
