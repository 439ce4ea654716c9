"""`make bench`: the product beside its peers; and `growth`, how its lists grow with their tables.

The `contenders` (those in `peers`, and us) do the same `work` on one `database`. `answers` compares what they say
before anything is measured, `load` drives them, `cpu` reads what that takes, and `report` tells it.
"""
