"""Datasets as Python objects, and the page in the cell of a notebook."""
