"""Numbers that say how far a picture or a head can be trusted."""
