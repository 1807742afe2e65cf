"""Tamper evidence: signed Merkle roots over all journals, and receipts that prove an entry by one."""
