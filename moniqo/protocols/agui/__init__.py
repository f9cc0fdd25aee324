"""The Agent User Interaction Protocol 1.0: front ends of others watch agents, farms and the portfolio live.

A stream is a view: it reads what pages read and does nothing by itself. What is sent is worked out once for all who
watch the same thing in a process, when the hub of `kit.live` says that something has changed.
"""
