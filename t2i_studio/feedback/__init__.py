"""Feedback sessions: who is shown what, what the answers say, and the files they leave in."""
