"""How much accuracy a scheme keeps: confusion matrices and the rotating keyframe offset."""
