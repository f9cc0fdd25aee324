"""What a farm lets its agents do together: their weights, caps, markets and hours."""
