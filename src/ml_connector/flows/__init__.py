"""Flows between capabilities, in the words of the trade. A flow knows no vendor, no transport and no
table.
"""
