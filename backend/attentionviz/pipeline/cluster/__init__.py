"""Builds on the workers of a Dask cluster; the only folder that imports Dask."""
