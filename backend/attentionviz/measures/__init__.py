"""Measures of maps (fidelity) and of heads (scores, similarity)."""
