"""The recipe of the embedded model, from the catalogue to an exported folder.

Read in this order: catalogue, scenes (with stage, cutouts, renderer), captions, attributes, tokenizer,
latents, then the networks. It is run by hand; only the command line imports it.
"""
