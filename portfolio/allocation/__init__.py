"""Capital by method: which child of a wallet should have how much, why, and the plan that brings it about."""
