"""Electronic fences: who is in which fence, and which rules that breaks.

Pure: fixes in, events out; no database, no web, no clock of its own.
"""
