"""The fault harness: the real process under load, all that can be done to it, and a count from outside.

`scripts/faults` runs it; docs/reliability.md tells what it does and what came out.
"""
