"""Rules that weigh a wallet's children by a method on their own, when it is time or a goal has brought money home."""
