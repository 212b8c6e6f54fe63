"""What is kept: jobs, variants, pictures and ratings. The only package that knows SQL."""
