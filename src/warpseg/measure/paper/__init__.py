"""The tables and figures of the paper's section 4 on data of one's own."""
