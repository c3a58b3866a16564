"""All readers of all papers side by side on the images of one fold.

`specification` says which run or pipeline is which row; `reading` reads and times; `document` shows; `run` writes.
"""
