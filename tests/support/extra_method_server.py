"""A server with an additional projection method, registered only in `METHOD_FACTS`.

``python -m tests.support.extra_method_server FOLDER`` writes a dataset with a map of it there, and
serves it until standard input ends; the first line of output is the port.
"""

import sys
import threading
from pathlib import Path

from attentionviz.core.methods import METHOD_FACTS, MethodFacts

NAME, LABEL = "invented", "Invented map"
FACTS = MethodFacts(LABEL, "Near means invented.", nearness="product", is_default=True)


def main() -> None:
    """Write the dataset and serve it."""
    METHOD_FACTS[NAME] = FACTS  # before anything that makes a list of the methods
    from tests.support.fake_dataset import FakeSpec, write_fake_dataset
    from waitress.server import create_server

    from attentionviz.server.app import create_app
    from attentionviz.settings.settings import Settings

    folder = Path(sys.argv[1])
    spec = FakeSpec("text", n_tokens=60, maps=(f"{NAME}-2d", "pca-2d"), is_earlier=True)
    write_fake_dataset(folder, spec)
    app = create_app(Settings(data_dir=folder, port=0, allow_jobs=True))
    server = create_server(app, host="127.0.0.1", port=0)
    threading.Thread(target=server.run, daemon=True).start()
    sys.stdout.write(f"{server.effective_port}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
