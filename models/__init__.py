"""Networks, their weights with cards, and how they are trained and measured."""
