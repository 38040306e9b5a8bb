"""Bytes of every kind for what reads input, made by atheris, which looks which code they reach.

`python -m tests.fuzz` runs the targets; without atheris, hypothesis makes the bytes blindly.
"""
