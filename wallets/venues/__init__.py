"""Adapters to the places where orders are filled. They speak dataclasses and import no Django model."""
