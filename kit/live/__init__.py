"""Live updates: one stream of server-sent events per page. An event says what changed; the page fetches it."""
