"""The dataset folder: layout, writing, reading and validation of its files."""
