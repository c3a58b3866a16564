"""Radiographs with labels: folds, caches, batches."""
