"""What one viewer of the page asks for, for locust: opens it, looks at heads, tokens, images.

Every user is a session of its own: first the page with its files, then a dataset, then what
a hand does in it, with a pause before each. Nothing is kept, as in a browser without a cache.
``python -m locust -f tests/long/load_users.py --headless -u 30 -r 10 -t 60s --json``.
"""

import json
import random
import re
from typing import Any

from locust import HttpUser, between, events, task

PAGE_SEED = 5
random.seed(PAGE_SEED)
ADDRESS = re.compile(r'(?:href|src)="\./([^"]+)"')
_page_files: list[str] = []


@events.init.add_listener
def find_page_files(environment: Any, **_: Any) -> None:
    """Learn once which files the page consists of; their sheet asks for no more."""
    import requests

    index = requests.get(environment.parsed_options.host + "/", timeout=60).text
    _page_files.extend("/" + path for path in ADDRESS.findall(index))


class Viewer(HttpUser):
    """One of the members of a lab, with a dataset in front of her."""

    wait_time = between(0.3, 1.5)

    def on_start(self) -> None:
        """Open the page and a dataset, as a browser does that has never been here."""
        self.get("/", "page")
        for path in _page_files:
            self.get(path, "page file")
        listed = json.loads(self.get("/api/v1/datasets", "datasets"))["datasets"]
        shown = [one["id"] for one in listed if one["state"] == "complete"]
        self.dataset = random.choice(shown)  # noqa: S311 - no secret
        self.open_dataset()

    def open_dataset(self) -> None:
        """Ask for what the grid needs."""
        base = f"/api/v1/datasets/{self.dataset}"
        self.manifest = json.loads(self.get(base, "dataset"))["manifest"]
        self.map = random.choice(sorted(self.manifest["maps"]))  # noqa: S311
        self.get(f"{base}/tokens/vocabulary", "tokens")
        self.get(f"{base}/tokens/code", "codes of tokens")
        self.get(f"{base}/grid", "grid tokens")
        self.get(f"{base}/grid/norms", "grid norms")
        self.get(f"{base}/heads", "heads")
        self.get(f"{base}/projections/{self.map}", "grid")

    def get(self, path: str, name: str) -> bytes:
        """Return the body of an answer; anything but 200 with all its bytes is a failure."""
        with self.client.get(path, name=name, catch_response=True) as answer:
            if answer.status_code != 200:
                answer.failure(f"{path}: {answer.status_code} {answer.text[:200]}")
            shape = answer.headers.get("X-Shape")
            if shape is not None:
                n_bytes = int(re.sub(r"\D", "", answer.headers["X-Dtype"])) // 8
                for length in shape.split(","):
                    n_bytes *= int(length)
                if len(answer.content) != n_bytes:
                    answer.failure(f"{path}: {len(answer.content)} bytes, not {n_bytes}")
            return answer.content

    def head(self) -> str:
        """Return the address of some head."""
        layer = random.randrange(self.manifest["n_layers"])  # noqa: S311
        head = random.randrange(self.manifest["n_heads"])  # noqa: S311
        self.at = (layer, head)
        return f"/api/v1/datasets/{self.dataset}/heads/{layer}/{head}"

    def sequence(self) -> int:
        """Return some sequence."""
        return random.randrange(self.manifest["n_sequences"])  # noqa: S311

    @task(8)
    def open_head(self) -> None:
        """Open a head: all its points, then its norms."""
        address = self.head()
        layer, head = self.at
        base = f"/api/v1/datasets/{self.dataset}"
        self.get(f"{base}/projections/{self.map}?layer={layer}&head={head}", "head")
        self.get(f"{address}/norms", "head norms")

    @task(8)
    def open_sentence(self) -> None:
        """Select a token: its sentence's pattern, weighted by norms or not."""
        weight = random.choice(("", "?weight=value", "?weight=output"))  # noqa: S311
        self.get(f"{self.head()}/attention/{self.sequence()}{weight}", "attention")

    @task(3)
    def look_for_partners(self) -> None:
        """Point at a token: its strongest partners in the whole corpus."""
        point = random.randrange(2 * self.manifest["n_tokens"])  # noqa: S311
        self.get(f"{self.head()}/neighbours/{point}", "partners")

    @task(2)
    def search(self) -> None:
        """Search for tokens: the page looks through the columns that it has fetched."""
        self.get(f"/api/v1/datasets/{self.dataset}/tokens/vocabulary", "tokens")

    @task(2)
    def change_map(self) -> None:
        """Choose another map for the grid."""
        self.map = random.choice(sorted(self.manifest["maps"]))  # noqa: S311
        self.get(f"/api/v1/datasets/{self.dataset}/projections/{self.map}", "grid")

    @task(2)
    def read_means(self) -> None:
        """Ask what a head does on the whole."""
        self.get(f"{self.head()}/aggregate?length=8", "aggregate")

    @task(1)
    def look_at_pictures(self) -> None:
        """Look at an image and its thumbnail, or at how alike the heads are."""
        base = f"/api/v1/datasets/{self.dataset}"
        if self.manifest["model"]["modality"] == "image":
            self.get(f"{base}/images/{self.sequence()}", "image")
            self.get(f"{base}/images/{self.sequence()}/thumbnail", "thumbnail")
            self.get(f"{base}/patches", "patches")
        else:
            self.get(f"{base}/similarity", "similarity")

    @task(1)
    def come_back(self) -> None:
        """Open another dataset."""
        listed = json.loads(self.get("/api/v1/datasets", "datasets"))["datasets"]
        self.dataset = random.choice([one["id"] for one in listed])  # noqa: S311
        self.open_dataset()
