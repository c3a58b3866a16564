"""How poor images are read (BoNet+ 4.2 to 4.4): arrangements by kinds of damage, beside what the paper printed.

Its order: `specification` says what is measured; `conditions` damages the images; `arrangements` improves them;
`measurements` reads them and keeps what was read; `tables`, `likeness` and `examples` show it; `run` writes the page.
"""
