"""Build a dataset: the same code and the same options as ``attentionviz build``."""

import sys

from attentionviz.commands.main import main

if __name__ == "__main__":
    sys.exit(main(["build", *sys.argv[1:]]))
