"""Two classics of generative modelling, short enough to read in one sitting: vae.py first, then gan.py."""

from t2i_studio.engine.process import prepare_process

prepare_process()  # before anything imports torch: threads wait asleep
