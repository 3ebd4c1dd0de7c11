"""Turns a second and what a turn costs, from outside: `python -m benchmarks.load` (docs/performance.md)."""
