"""The dynamic risk of zones: facts, rules and the engine that lifts and returns levels (pure), and the process that feeds it."""
