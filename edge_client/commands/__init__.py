"""What `lintel-edge` does for people: claim a node and look into its outbox."""
