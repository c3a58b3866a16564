"""Published reference tables and what is calculated from them."""
