"""Many pictures or videos through one task."""
