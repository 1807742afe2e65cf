"""What a client installs: the generated messages and stubs (loyalty.v1) and a thin client (loyalty.client)."""
