"""Farms for free agents: what is proposed, and what the trader takes of it."""
