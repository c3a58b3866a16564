"""A synthetic hand radiograph drawn from known geometry: test and commissioning material, never evidence of accuracy."""
