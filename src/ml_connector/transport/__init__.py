"""The only access to the network: requests within call limits and locks, sign-in, redaction, the record of
exchanges. Nothing here repeats a write.
"""
