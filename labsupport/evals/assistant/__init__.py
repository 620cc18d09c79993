"""The system under test: a support assistant that looks things up in a handbook.

handbook   the articles that it looks things up in
prompts    what it is told, in versions
words      words and sentences
retrieval  which articles are about a question
phrases    a phrase table of three languages
understand what a user means, however it is written
context    what stands before a writer, taken apart
directives what a writer is told to do besides answering
extract    a writer without a model
tools      what it can do, and who checks that it may
guard      what stops a message or an answer
assistant  all of them, put together
classifier a guard that is learned
held_out   what it does on families of attacks that it has not seen
"""
