"""Weights: the catalogue, where their files are, and the nets that are loaded."""
