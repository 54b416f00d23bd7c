"""ml-connector: moves finance records between systems, each exactly once, and proves that both sides
agree.
"""

__version__ = "0.2.0"
