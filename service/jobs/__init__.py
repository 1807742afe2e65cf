"""Background jobs: what is done without a caller. Late or early, they change no answer."""
