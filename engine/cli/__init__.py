"""The command line, ``python -m engine`` or ``pentimento``."""
