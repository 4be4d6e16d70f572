"""Field data: sources of several kinds, one gateway process that brings their samples to the history and the hub."""
