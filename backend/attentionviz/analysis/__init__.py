"""Facts of a dataset that are computed from its arrays, for server, notebook and export."""
