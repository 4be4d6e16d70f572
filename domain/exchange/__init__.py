"""Exchange of dual prevention with regulators: rows in the ministry's form, parents first, incremental, recoverable."""
