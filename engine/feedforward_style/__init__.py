"""What style V2 paints with: trained styles, painters for pictures of any size, steadiness from frame to frame."""
