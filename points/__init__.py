"""The points ledger: lots, pending points, earning, what falls due."""
