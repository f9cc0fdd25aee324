"""The shell around every page: navigation, preferences, the command palette, and the files a browser loads."""
