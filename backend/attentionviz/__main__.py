"""``python -m attentionviz`` is the command ``attentionviz``."""

import sys

from attentionviz.cli import main

if __name__ == "__main__":
    sys.exit(main())
