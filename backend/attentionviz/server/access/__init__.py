"""Who may come in: tokens, sessions, failed attempts, and what proxies say of a request."""
