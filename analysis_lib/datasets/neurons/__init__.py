"""Neurons: cell types to learn from, recorded cells, and the simulated world of both."""
