"""The server's side of live texts and images: a worker process, its queue and its end."""
