"""The worker of live texts and images: a process that runs models, and may die.

Started by the server as ``python -m attentionviz.live.worker``; see `attentionviz.live`.
"""
