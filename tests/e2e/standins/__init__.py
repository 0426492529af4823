"""Upstreams that behave like the vendor's, over loopback, and refuse what the vendor refuses."""
