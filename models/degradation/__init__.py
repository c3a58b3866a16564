"""Damage that makes a radiograph poor (BoNet+ 3.1.2): kinds with a strength, drawn by image, and logged."""
