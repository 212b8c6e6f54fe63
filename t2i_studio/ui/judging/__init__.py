"""The rater's side of a feedback session: a light page of its own, and pictures that tell nothing of their source."""
