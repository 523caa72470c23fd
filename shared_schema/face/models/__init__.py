"""The model set that is shipped: data files, their manifest, and what rebuilds them. Nothing here is needed to run a node but the data."""
