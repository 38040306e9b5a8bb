"""Every claim of speed, measured beside its peers: `make bench`."""
