"""Data from a model: ask an OpenAI-compatible server, and keep what its replies are good for.

One client (`client`) sends what the journal does not hold; everything else only reads the journal.
"""
