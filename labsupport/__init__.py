"""The shared logic of the lab, in the order data flows through it.

world        the synthetic task: a frozen holdout, training samples
training     logistic regression, one model or thousands at once
network      a small network, unstable on purpose, with the same bits everywhere
reductions   adding up float32 numbers as a cluster does
by_name      a package that loads a module when one of its names is asked for
durable      a file replaced whole, a log that only grows, a digest
processes    a function in a process of its own that can always be ended
answers      answers that other people wrote, called where they can do no harm
exact        what may come in, and the sentence when not
bootstrap    the paired bootstrap of a gain, with resamples and without
comparisons  what any metric offers the gate
limits       the exact judge of a gain: no promise broken at any number of rows
intervals    one comparison: intervals, a test, rows needed
outcomes     paired outcomes, the table on which everything is decided
promises     how often an interval's promise is broken at worst
scores       the same for models that rank: AUC
slices       many comparisons: Holm, the largest gap
noise        what reruns differ by: the noise floor, a margin above it
retrained    recipes trained several times, in one interval
checks       the conditions of a gate, one by one
gate         Policy -> Check ... -> Verdict
costs        what a pipeline's stages cost, and the order that is cheapest
validation   cheap checks: schema, distribution, a smoke test of the training
triggers     continuous training: when to train, never whether to deploy
delivery     progressive delivery: to the fleet, in steps, and back
evals        the LLM gate: suites, approved judges, guardrails
ops          the whole pipeline on real parts, and the gate for other people's models
data         real people and real flights, with their provenance
show         what people look at: pictures with alt text, panels
grading      exercise checks, and the marks of a class
workspace    the machine check, JupyterLab, running all lessons
cli          `lab open | run | check | train | evaluate | gate | deploy | loop | ...`, all commands
"""

__version__ = "0.1.0"
