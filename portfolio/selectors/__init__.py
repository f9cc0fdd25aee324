"""Reads for pages, the API and the apps above: frozen figures, a number of queries that no number of rows changes."""
