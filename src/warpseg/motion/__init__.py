"""Motion: finds where the content of each frame was in the frame before, from the codec's vectors or by estimation."""
