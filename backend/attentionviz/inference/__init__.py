"""The worker of live texts and images: a process that runs models, and may die.

Started by the server as ``python -m attentionviz.inference``; see `attentionviz.live`.
"""
