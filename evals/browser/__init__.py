"""A real browser on the page: Chromium, a site to show it, what a page must not do. For tests, figures and pictures."""
