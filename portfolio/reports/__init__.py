"""Contributions, comparisons, months and reports: pages, files and the API over the selectors."""
