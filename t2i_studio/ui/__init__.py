"""The pages: a view of what the store holds and the engine does. No rule of the product lives here."""
