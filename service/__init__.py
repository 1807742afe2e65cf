"""The process: gRPC handlers, settings, worker processes, command line. The only place with gRPC."""
