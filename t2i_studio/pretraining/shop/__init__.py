"""A shop's own products: from its table and pictures to a catalogue that the recipe trains on."""
