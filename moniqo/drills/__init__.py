"""Drills: kill and hang the parts of an instance of its own while orders are placed, and measure what comes of it."""
