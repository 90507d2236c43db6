"""Super-resolution: methods, how they are composed to any scale, and how a picture goes through them in tiles."""
