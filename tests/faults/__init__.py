"""The fault suite: faults injected into real processes of the node, and what came of them, as figures.

    python -m tests.faults [--full] [--only NAME] [--output docs/reliability.md]

A module of this package that has `SCENARIOS` takes part (see `scenario`).
"""
