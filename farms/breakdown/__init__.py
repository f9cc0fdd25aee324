"""Who and what made the profit, and the history of each: pages, files and the API."""
