"""A small network that doubles a model's pictures and takes the marks of its autoencoder out of them."""
