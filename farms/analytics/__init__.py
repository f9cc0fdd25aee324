"""How well farms and agents do, and when: from sums that are kept, so the cost does not grow with what was traded."""
