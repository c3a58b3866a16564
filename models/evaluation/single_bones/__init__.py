"""How well single bones tell the bone age, and whether levels that are derived from it mean anything."""
