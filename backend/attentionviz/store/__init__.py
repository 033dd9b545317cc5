"""The dataset directory: where its files lie, how they are written, and what makes them valid."""
