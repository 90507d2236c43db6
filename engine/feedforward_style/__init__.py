"""Style V2: trained styles, painters for pictures of any size, steadiness from frame to frame."""
