"""The web server: application, HTTP, routes, access."""
