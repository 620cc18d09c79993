"""A real fleet, small: a few processes on this machine, driven by the same controller.

seal       what an answer says, under the fleet's key
replica    a process that serves one verified bundle
processes  replicas started, found, ended
client     requests with a time limit, a few at a time
splitter   which request goes to which replica
standing   the order that stands, and what was counted so far
tally      pairs of requests, and what became of them
fleet      all of that, as a controller drives it
room       bundles with a planted fault, a whole rollout in a folder
tracing    where an answer comes from
"""

# In a fleet's folder:
ASSIGNMENT, BUNDLES, LOG = "assignment.json", "bundles", "rollout.jsonl"
