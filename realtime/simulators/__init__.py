"""Field simulators of the demo: real servers on real sockets with values that behave like a process."""
