"""Growth value and the tier ladder. Nothing yet; they join the aggregate here."""
