"""The results document of a paper's system: run folders in; one Markdown page with tables, pictures and figures out.

A specification says which run is which row, and what the paper printed. Every run reads the same images; its readings
are kept beside it. A table is a module; what was not trained is a cell that says so.
"""
