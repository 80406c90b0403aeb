"""Training: the recipe of the embedded network."""
