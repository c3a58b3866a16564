"""How DIIBAA's systems tell stages and read ages (its Tables 2, 3, 5 to 8 and 10), beside what the paper printed.

Its order: `specification` says what is measured; `answers` asks a run's networks; `tables` shows it, `claims` sets it
against what the paper says; `run` writes the page.
"""
