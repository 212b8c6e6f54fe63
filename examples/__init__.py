"""Two classics of generative modelling, short enough to read in one sitting: vae.py first, then gan.py."""
