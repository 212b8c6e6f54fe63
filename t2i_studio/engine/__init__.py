"""Requests in, pictures out. Importing it costs nothing: torch is loaded by the worker's thread."""
