"""What axe-core finds on the page."""

from pathlib import Path

from playwright.sync_api import Page, expect

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RUN = """(rules) => axe.run(document, { resultTypes: ['violations'], ...rules })
  .then((found) => found.violations)"""
ALL_RULES: dict[str, object] = {}
# Words in sight that are smaller than 12 px; in SVG they scale with their picture.
SMALL_WORDS = """() => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = new Set();
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const parent = text.parentElement;
    if (!text.data.trim() || parent.closest('svg, option') || !parent.checkVisibility()) continue;
    const size = Number.parseFloat(getComputedStyle(parent).fontSize);
    if (size < 12) found.add(`words of ${size} px: ${text.data.trim().slice(0, 40)}`);
  }
  return [...found];
}"""
COLORS = {"runOnly": ["color-contrast", "link-in-text-block"]}  # the rest is the same in both
GRAVE = ("serious", "critical")


def grave_findings(page: Page) -> list[str]:
    """Return what axe-core calls serious or critical in either theme, and words that are small."""
    if not page.evaluate("'axe' in globalThis"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found = [("light", one) for one in page.evaluate(RUN, ALL_RULES)]
    page.emulate_media(color_scheme="dark")
    if page.locator("html[data-theme]").count():  # pages without a script follow by themselves
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    found += [("dark", one) for one in page.evaluate(RUN, COLORS)]
    page.emulate_media(color_scheme="light")
    return page.evaluate(SMALL_WORDS) + [
        f"{theme}: {one['id']} ({one['impact']}): {node['html'][:160]} "
        f"{node.get('failureSummary', '')}"
        for theme, one in found
        if one["impact"] in GRAVE
        for node in one["nodes"]
    ]
