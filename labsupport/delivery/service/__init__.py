"""A real fleet, small: a few processes on this machine, driven by the same controller.

replica   a process that serves one verified bundle
client    requests with a time limit, a few at a time
fleet     replicas, the traffic between them, what was measured
room      bundles with a planted fault, a whole rollout in a folder, where an answer comes from
"""
