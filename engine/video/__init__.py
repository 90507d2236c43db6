"""Video files: frames and sound in, frames and sound out."""
