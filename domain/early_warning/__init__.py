"""The early-warning index: aspects, weights, forecast and the library of safety indicators (clauses M8.1, S6)."""
