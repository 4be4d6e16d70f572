"""What other systems and people tell about risk that no module of the twin measures: weather, work, equipment, interlocks, violations."""
