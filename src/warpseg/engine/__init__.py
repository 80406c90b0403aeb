"""Engine: runs the paper's schemes fast on real video, stages at work together in bounded memory."""
