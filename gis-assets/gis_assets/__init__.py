"""Sites, their layers, and what is needed to draw them: data only, no server code."""
