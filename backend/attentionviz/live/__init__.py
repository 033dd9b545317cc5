"""Live texts and images, server side: the model process and its queue."""
