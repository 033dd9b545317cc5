"""Maps of many heads at once in PyTorch, for a GPU: ``attention-tsne`` and ``tsne``.

The same methods as in `attentionviz.projections`, with its parameters and its seeds. On another
device sums have another order, so that maps are not the same bytes, but of the same quality. This
folder and `attentionviz.models` are the only ones that import torch; it is imported only where a
GPU is used. Tensors of all heads are stacked: (head, point, axis).
"""

from attentionviz.projections.torch_maps.maps import project_heads
from attentionviz.projections.torch_maps.memory import DeviceMemoryError

__all__ = ["DeviceMemoryError", "project_heads"]
