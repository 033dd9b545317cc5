"""``python -m attentionviz`` is the command ``attentionviz``."""

import sys

from attentionviz.commands.main import main

if __name__ == "__main__":
    sys.exit(main())
