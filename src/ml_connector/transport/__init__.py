"""The only door to the network: requests within budget and lane, sign-in, redaction, the record of exchanges.
Nothing here repeats a write.
"""
