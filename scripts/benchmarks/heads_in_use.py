"""What the page's thread computes when heads are tinted, sorted, filtered, listed and mapped."""

import json
import statistics
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Browser, Page

N_TIMES = 5
SETTLE_MS = 700
CATEGORIES = ["disabled-by-default-devtools.timeline", "devtools.timeline"]
Step = Callable[[int], Callable[[], Any]]
SCORES = ("previous", "first", "self", "entropy", "mean_distance")


def measure(browser: Browser, address: str, viewport: dict[str, int]) -> dict[str, float]:
    """Return the CPU time of the longest task after each action, median of five, in ms.

    Parameters
    ----------
    browser : Browser
    address : str
        Of the grid of all heads of a dataset with text scores.
    viewport : dict
        Width and height.
    """
    page = browser.new_page(viewport=viewport, bypass_csp=True)
    page.goto(address)
    page.wait_for_function("performance.getEntriesByName('first-map').length > 0", polling=20)
    page.wait_for_timeout(2000)
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Head").first.click()
    found = {}
    for name, steps in actions(page).items():
        longest = [longest_task_ms(browser, page, steps(i)) for i in range(N_TIMES + 1)]
        found[name] = statistics.median(longest[1:])  # the first compiles
    page.close()
    return found


def actions(page: Page) -> dict[str, Step]:
    """Return for each action its n-th step; they run in this order."""
    return {**grid_actions(page), **table_actions(page), **map_actions(page)}


def grid_actions(page: Page) -> dict[str, Step]:
    """Return what is done to the grid with choices and sliders."""

    def choose(label: str) -> Step:
        choice = page.get_by_label(label, exact=True)
        return lambda i: lambda: choice.select_option(value=SCORES[i % len(SCORES)])

    def narrow(i: int) -> Callable[[], Any]:
        if i == 0:
            page.get_by_role("slider", name="Heads from, from").focus()
        return lambda: page.keyboard.press("ArrowRight")

    return {"tint": choose("Tint by"), "filter": narrow, "sort the grid": choose("Sort by")}


def table_actions(page: Page) -> dict[str, Step]:
    """Return what is done to the table of all heads."""

    def sort(i: int) -> Callable[[], Any]:
        if i == 0:
            page.evaluate("document.activeElement.blur()")  # a choice takes letters itself
            page.keyboard.press("h")
            page.wait_for_timeout(SETTLE_MS)
        return page.locator(".head-table__sort").nth(1 + i).click

    def scroll(_: int) -> Callable[[], Any]:
        page.mouse.move(700, 500)
        return lambda: page.mouse.wheel(0, 120)

    return {
        "sort the table": sort,
        "scroll the table": scroll,
        "open the table": opening(page, "h"),
    }


def map_actions(page: Page) -> dict[str, Step]:
    """Return what is done to the map of heads."""
    plot = page.locator(".map-of-heads__plot")
    return {
        "open the map of heads": opening(page, "m"),
        "arrow key on the map of heads": lambda _: lambda: page.keyboard.press("ArrowRight"),
        "point on the map of heads": lambda i: (
            lambda: plot.hover(position={"x": 100 + 30 * i, "y": 150})
        ),
    }


def opening(page: Page, key: str) -> Step:
    """Return the action of opening again by a key what Escape closes."""

    def step(_: int) -> Callable[[], Any]:
        page.keyboard.press("Escape")
        page.wait_for_timeout(SETTLE_MS)
        return lambda: page.keyboard.press(key)

    return step


def longest_task_ms(browser: Browser, page: Page, act: Callable[[], Any]) -> float:
    """Return the CPU time of the longest task of the page's thread, until nothing moves."""
    browser.start_tracing(page=page, categories=CATEGORIES)
    act()
    page.wait_for_timeout(SETTLE_MS)
    events = json.loads(browser.stop_tracing())["traceEvents"]
    threads: dict[tuple[int, int], list[float]] = defaultdict(list)
    main = {
        (event["pid"], event["tid"])
        for event in events
        if event.get("name") == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    for event in events:
        # A task in which recording begins or ends has no duration.
        is_task = event.get("name") == "RunTask" and "tdur" in event
        if is_task and (event["pid"], event["tid"]) in main:
            threads[event["pid"], event["tid"]].append(event["tdur"] / 1000)
    return max(max(tasks) for tasks in threads.values())
