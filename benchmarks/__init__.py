"""Rates beside a baseline of the same run: `make bench`, or `python -m benchmarks --help`."""
