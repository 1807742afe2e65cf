"""The member aggregate: state, decide, apply, advance. It composes points, tiers, benefits and the mall."""
