"""What the node and the server must agree on: the wire messages, the face pipeline, and what happens at a door."""
