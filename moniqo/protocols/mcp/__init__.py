"""The Model Context Protocol: a language model's program lists tools and calls them.

`tools` is the table of them, each an operation of the API with what it takes and gives; `server` answers the protocol's
questions; `asgi` serves it at `/mcp`, and `manage.py mcp` over standard input for programs of a desktop.
"""
