"""The points mall: items, stock, redemptions. Nothing yet; it joins the aggregate here."""
