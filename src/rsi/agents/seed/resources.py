"""How much is spent at a time when a program is improved; surface `resources`. All of these are first guesses."""

# Instances that every program of an episode of the usual length is run on; of a longer one, more.
INSTANCES = 16

# So many of them at a time: after each step it is asked whether the program keeps up.
STEP = 16

# So many of the best programs are compared on more instances in the end.
FINALISTS = 1

# Instances of that comparison.
FINAL_INSTANCES = 8

# Candidates in a row that did not help before something else is tried.
PATIENCE = 1000

# Evaluations that are asked for at once: as many candidates as that is enough for, but one at least.
AT_ONCE = 16

# Sources whose places to edit are remembered, for each MB of memory that a call may use on this machine.
PAGES_PER_MB = 0.25
