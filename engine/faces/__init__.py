"""Faces: found, measured, aligned, taken apart, and put onto each other."""
