"""Replaying files of orders through the API, as any client would: columns, rows, orders, sending, report."""
