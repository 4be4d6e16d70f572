"""The living risk map for people: rules, why a zone has its colour, decisions on it, and everything about a zone in one answer."""
