"""Thirteen bones, graded: RUS-CHN levels and their scale, the crops that are graded, and what a site's labels say."""
