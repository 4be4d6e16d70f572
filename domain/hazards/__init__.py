"""Hazards (隐患): from the report on the spot to the signed acceptance, each step by its named person, on the map."""
