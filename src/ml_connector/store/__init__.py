"""What the product remembers, on Django's ORM: SQLite by default, PostgreSQL to scale; the same suite holds
on both.
"""
