"""Hypothesis strategies for every data set a study reads: right files, and damage of every kind.

A strategy makes files on disk and knows what is in them: `sheets` has tables and what is done to
them, `told` what they say in plain Python, `expression`, `neurons` and `counts` the data sets.
"""
