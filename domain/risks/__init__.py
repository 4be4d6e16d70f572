"""Risk register of dual prevention: analysis objects, units, events and measures, with their levels and who controls them."""
