"""The alarm desk: alarms raised by every engine, their ISA-18.2 states, and the engine of measuring points."""
