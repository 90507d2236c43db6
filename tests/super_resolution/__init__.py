"""What super-resolution is made of, besides its tasks."""
