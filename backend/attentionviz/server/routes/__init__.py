"""Short routes over the reader of a dataset; JSON for facts, raw arrays for numbers."""
