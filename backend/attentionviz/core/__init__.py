"""Types, shapes and alignment that all other parts share."""
