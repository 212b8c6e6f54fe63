"""Text in, request out: what a user wrote becomes a prompt and a checked `GenerationRequest`."""
