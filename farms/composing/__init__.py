"""Strategies as people write them on a page: saved under a name and in versions, for any number of agents."""
