"""History of measured values: day partitions filled by binary COPY, one reader for trends and latest values."""
