"""Trying a node out: its kept readings beside a radiologist's, and a report of how they agree.

`radiologist` reads what was entered, `pairs` joins it with the kept readings, `sufficiency` says whether there are
enough, `document` writes it up; `run` has the effects.
"""
