"""How good a model is, and how sure that is: splits, scores, intervals, the leakage audit."""
