"""IntervalNet (Hamrouni and Hassen): ages as classes. What an image passes first, how ages are cut, what is learnt."""
