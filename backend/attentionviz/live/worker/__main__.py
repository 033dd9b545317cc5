"""Run the worker until its pipe is closed."""

import sys

from attentionviz.live.worker.worker import main

if __name__ == "__main__":
    main(sys.argv[1])
