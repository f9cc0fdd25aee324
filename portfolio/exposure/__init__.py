"""What would move with the market, how concentrated it is, and the limits that its owner has set on it."""
