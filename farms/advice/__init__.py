"""Advice from a language model: asked for with our own numbers, read strictly, acted on within its owner's limits.

* `client` speaks to an OpenAI-compatible endpoint, one request at a time;
* `answers` reads what came back: a proposal that is within its bounds, or the sentence that says why it is none;
* `endpoints` are the operators' addresses, with their keys, prices and pauses.

A model sees what `farms` itself knows and nothing that somebody else has written, and it changes nothing by itself.
"""
