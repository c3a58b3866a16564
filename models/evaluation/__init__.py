"""Accuracy on images a model never saw, with intervals."""
