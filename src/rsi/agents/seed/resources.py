"""How much is spent at a time when a program is improved; surface `resources`. All of these are first guesses."""

INSTANCES = 8
STEP = 8
FINALISTS = 1
FINAL_INSTANCES = 8
PATIENCE = 1000
