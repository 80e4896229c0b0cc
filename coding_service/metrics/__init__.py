"""How well suggestions match labels, how well people match each other, and how sure we are of both.

Pure functions over arrays: no files, no store, no taxonomy. Unknown labels are masked everywhere.
"""
