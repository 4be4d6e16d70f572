"""The alarm desk for people: list, steps, escalation, statistics and analysis, cameras, speech, annunciator."""
