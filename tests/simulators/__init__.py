"""Exchanges in miniature, which speak the wire formats of the real ones: real ccxt over real HTTP, without the network.

One server stands for all of them (`server.Exchanges`): the first segment of a path is the host that the request was
meant for, as MONIQO_CCXT_BASE_URL has it. What an account holds and what became of its orders is in `account`, in plain
words; a module per exchange says it as that exchange does, with its field names, its codes and its signatures, and
refuses what is not signed. Faults are asked for by path (`faults`). Shapes and names are from the exchanges' documents.
"""
