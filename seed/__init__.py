"""Data to begin with: `python -m seed` loads the `demo`, or with numbers fills tables with a `large` set.

The large one is made of `records`, each by its number: `chance` draws, `brazil` has names, CPFs and telephone numbers.
"""
