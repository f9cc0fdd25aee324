"""The trading core: numpy arrays in, frozen dataclasses out.

Nothing here knows Django, a database, a file or a clock, so that the same functions serve backtests, paper and live
trading, and so that a sceptical reader can run them in a notebook beside the libraries they trust. Importing `quant`
imports neither numba nor an optimiser: compiled code is loaded by the function that first needs it.
"""
