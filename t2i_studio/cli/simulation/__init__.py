"""A feedback session with made-up raters over real HTTP: unruly people, a bad line, a server that is killed.

stage.py sets the session up and serves it, sitting.py is one rater, check.py holds what was confirmed to the raters
against the store.
"""
