"""Lane 2: a real language model, spoken to as one speaks to any.

endpoint   a Writer behind an OpenAI-compatible URL; every way to fail is an error in one sentence
engine     the process that holds a very small model
local      that model, served on this machine for as long as one needs it
source     which model is asked: the environment's, or that one
transcripts  what a model said when it was recorded
record     recording it, resumed after any kill
judged     the same model as a judge of its own answers
"""
