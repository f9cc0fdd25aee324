"""Random order flows against an exchange that fails, with workers and database connections that die at numbered steps.

Everything is drawn from a seed and happens in one process under a simulated clock, so that a failing seed replays.
"""
