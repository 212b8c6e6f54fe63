"""T2I Studio: the local ad-creative studio that learns from its users' ratings."""

__version__ = "0.1.0"
