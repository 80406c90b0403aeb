"""View: the toolkit for HTML pages and figures; it knows pictures, numbers and colours, not runs."""
