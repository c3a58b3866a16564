"""The page about ages as classes: IntervalNet's table, what the sex and each step of the chain bring, by runs.

`specification` says which run is which cell; `measurements` reads; `tables` and `curves` show; `run` writes the page.
"""
