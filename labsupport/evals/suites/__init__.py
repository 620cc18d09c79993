"""What is asked, and what counts as right.

words     an answer without its case, spaces and punctuation
blocks    YAML with the lines that its blocks stand on
patterns  regular expressions that end
suite     tasks, read from a file that anybody can write
scoring   right or wrong, by rule
log       what a run writes down, and goes on from
runs      a suite, asked, in a log that survives a kill
sums      what a run says, in numbers
paired    candidate and champion on the same tasks, clustered
tiers     what to ask when, what it costs, what it catches
talk      a writer and its instructions as a system
shipped   the suites that come with the lab
"""
