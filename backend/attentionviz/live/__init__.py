"""Live texts and images, server side: the model process, its queue and its end."""
