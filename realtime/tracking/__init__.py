"""Live positions: sources in, the positioning engine, live stream, tracks and playback, and how well all that does."""
