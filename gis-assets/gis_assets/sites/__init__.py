"""One sub-package per site."""
