"""Play money in one go: an amount and a recipe become an account, a farm, its agents and their limits, all running."""
