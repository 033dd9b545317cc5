"""The commands of ``attentionviz``, one module each."""
