"""What tests of figures do: save one as a viewer does, and read what is in it."""

import re
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from playwright.sync_api import Locator, Page, expect
from tests.browser.page_driver import press_tool

SVG = "{http://www.w3.org/2000/svg}"
TAGS = {
    "metadata",
    *("svg", "title", "desc", "rect", "image", "g", "defs", "clipPath", "linearGradient", "stop"),
    *("circle", "path", "line", "text"),
}


@dataclass(frozen=True)
class Figure:
    """A saved SVG: what is in it and how large it is, in pixels or, on paper, in millimetres."""

    name: str
    root: ElementTree.Element
    width: float
    height: float

    def all(self, tag: str, parent_class: str = "") -> list[ElementTree.Element]:
        """Return all elements with a tag, or those directly in a group of a class."""
        if not parent_class:
            return list(self.root.iter(SVG + tag))
        groups = [g for g in self.root.iter(SVG + "g") if g.get("class") == parent_class]
        return [child for group in groups for child in group if child.tag == SVG + tag]

    def words(self) -> str:
        """Return all that is written, without signs of direction."""
        return self._text_of("text")

    def metadata(self) -> str:
        """Return title and full caption, which a figure holds though a short one is written."""
        return f"{self._text_of('title')} {self._text_of('metadata')}"

    def _text_of(self, tag: str) -> str:
        texts = ["".join(element.itertext()) for element in self.all(tag)]
        return re.sub("[\u2068\u2069]", "", " ".join(texts))

    def attribute(self, name: str) -> set[str]:
        """Return all values of an attribute."""
        return {value for e in self.root.iter() if (value := e.get(name)) is not None}


def sheet(page: Page) -> Locator:
    """Open what can be saved."""
    found = page.get_by_role("dialog", name="Save")
    if not found.is_visible():
        press_tool(page, "Save figure")
    expect(found).to_be_visible()
    return found


def save(page: Page, button: str, what: str = "Map") -> tuple[str, bytes]:
    """Save by a button; return the name and the bytes of the file."""
    found = sheet(page)
    found.get_by_role("radio", name=what, exact=True).check()
    with page.expect_download() as started:
        found.get_by_role("button", name=button, exact=True).click()
    return started.value.suggested_filename, Path(started.value.path()).read_bytes()


def save_svg(page: Page, what: str = "Map") -> Figure:
    """Save an SVG and read it; nothing in it can run, and it asks for nothing from elsewhere."""
    name, content = save(page, "SVG", what)
    root = ElementTree.fromstring(content)  # noqa: S314, the page under test made it
    for element in root.iter():
        assert element.tag.removeprefix(SVG) in TAGS, element.tag
        for attribute, value in element.attrib.items():
            assert not attribute.lower().startswith("on")
            assert attribute != "href" or value.startswith("data:image/png;base64,")
    width, height = (float(root.attrib[side].removesuffix("mm")) for side in ("width", "height"))
    return Figure(name, root, width, height)


def middle_of(shape: ElementTree.Element) -> tuple[float, float]:
    """Return where a disc or a diamond is, in pixels of the viewport."""
    if shape.tag == SVG + "circle":
        return float(shape.attrib["cx"]), float(shape.attrib["cy"])
    found = re.match(r"M(\S+) (\S+)l(\S+) ", shape.attrib["d"])
    assert found is not None
    x, top, reach = (float(part) for part in found.groups())
    return x, top + reach
