"""The system under test: a support assistant that looks things up in a handbook.

prompts    what it is told, in versions
classifier a guard that is learned
held_out   what it does on families of attacks that it has not seen
"""
