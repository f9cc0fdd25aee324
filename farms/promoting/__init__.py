"""Promotion from paper to a real account, for people and programs."""
