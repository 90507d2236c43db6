"""Inpainting: masks, crops around holes, classical methods, and the content network."""
