"""Authentication: tokens, sessions, failed sign-ins, and the headers of proxies."""
