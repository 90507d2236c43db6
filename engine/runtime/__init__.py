"""How tasks are run: the line for the device, the runner, and what one installation has."""
