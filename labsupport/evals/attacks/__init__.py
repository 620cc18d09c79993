"""What must not work, and what keeps it so.

guardrails  what a candidate must hold, by family, on counts
guarantees  what holds whatever a model says
leaks       whether an attack worked
mutate      attacks in other words, in a code, inside something else
refresh     attacks that follow the system: what it withstands is mutated, what works is kept
nights      which are tried when
report      the attacks that worked, for people to read
stale       items that no candidate fails, and items that a candidate has seen
"""
