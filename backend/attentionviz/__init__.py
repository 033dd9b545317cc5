"""AttentionViz: joint maps of the queries and keys of every attention head of a transformer."""

__version__ = "0.1.0"
