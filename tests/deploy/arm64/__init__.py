"""`make arm64`: the node on aarch64, under emulation. See `__main__`."""
