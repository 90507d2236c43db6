"""Shared by the algorithms: features, losses, colour, descent on a picture, coarse to fine."""
