"""Simulators of vendors' APIs, good enough to try a finance integration without an account."""

__version__ = "0.2.0"
