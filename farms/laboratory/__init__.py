"""Strategies on past candles: what they would have done, and how to look at it."""
