"""The program `loyalty`: what an operator types. It speaks gRPC to the server, never to its stores."""
