"""Who is asking, what a route permits, and the guard between them. Default is no."""
