"""The device that nets run on: chosen once, its speed and its memory."""
