"""Estimators: fit, predict, and nothing else."""
