"""View: a toolkit for HTML pages and figures, made of pictures, numbers and colours; it knows nothing of runs."""
