"""Ports: what a connected system can do (`systems`), and what the product remembers (`storage`, `commits`,
`runs`, `staging`, `plans`). Protocols only.
"""
