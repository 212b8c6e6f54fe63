"""`python -m t2i_studio`: the command line."""

from t2i_studio.cli import main

main()
