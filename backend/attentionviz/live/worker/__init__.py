"""The model process for live texts and images; a crash does not affect the server.

Started by the server as ``python -m attentionviz.live.worker``; see `attentionviz.live`.
"""
