"""Special parts that only some views have, one module each."""
