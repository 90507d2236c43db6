"""What the algorithms share: features, losses, colour, descent on a picture, coarse to fine."""
