"""What a client installs: generated messages and stubs (loyalty.v1), and a thin client (loyalty.client)."""
