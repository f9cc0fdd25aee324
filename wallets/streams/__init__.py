"""Venues that tell by themselves what happens: who is listened to, how a line is kept, and what is done with a hint."""
