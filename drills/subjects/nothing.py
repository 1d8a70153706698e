"""A client that does nothing at all. It passes nothing: a fault that nobody met has shown nothing."""
