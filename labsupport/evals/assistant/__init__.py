"""The system under test: a support assistant that looks things up in a handbook.

prompts    what it is told, in versions
"""
