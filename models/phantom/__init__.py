"""A synthetic hand radiograph drawn from known geometry.

Test and commissioning material, never evidence of accuracy.
"""
