"""Tables and figures of the paper's section 4, reproduced on other data."""
