"""From ratings to a better model: what they teach, an adapter trained on them, and whether it is better."""
