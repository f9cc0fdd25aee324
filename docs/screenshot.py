"""Takes docs/screenshot.png: the demo's portfolio, as wide as a desk, from a running `make run`.

    .venv/bin/python docs/screenshot.py            # reads var/demo.json, or $MONIQO_DATA/demo.json
    .venv/bin/python docs/screenshot.py --dark

It signs in as the demo trader like anybody else and waits until the history is complete and the charts are drawn.
"""

import argparse
import json
import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

DOCS = Path(__file__).resolve().parent
DATA = Path(os.environ.get("MONIQO_DATA", DOCS.parent / "var"))
WIDTH = 1440
BUILD_MS = 600_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dark", action="store_true", help="the dark theme")
    parser.add_argument("--to", type=Path, default=DOCS / "screenshot.png", metavar="FILE")
    options = parser.parse_args()
    try:
        login = json.loads((DATA / "demo.json").read_text())
    except FileNotFoundError:
        sys.exit(f"There is no {DATA / 'demo.json'}: start the demo with `make run` first.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"), args=["--no-sandbox"]
        )
        page = browser.new_page(
            base_url=login["url"],
            viewport={"width": WIDTH, "height": 900},
            color_scheme="dark" if options.dark else "light",
            reduced_motion="reduce",
        )
        _sign_in(page, login)
        picture = _portfolio(page)
        browser.close()
    options.to.write_bytes(picture)
    print(f"{options.to}: {options.to.stat().st_size / 1024:.0f} kB")


def _sign_in(page: Page, login: dict[str, str]) -> None:
    page.goto("/login/")
    page.get_by_label("Email").fill(login["email"])
    page.get_by_label("Password").fill(login["password"])
    page.get_by_role("button", name="Sign in").click()


def _portfolio(page: Page) -> bytes:
    """The whole page in one picture; the window is made as high as the page, so that the sidebar is too."""
    page.locator("#progress").wait_for(state="detached", timeout=BUILD_MS)
    page.locator("#live[data-state=live]").wait_for()
    page.set_viewport_size({"width": WIDTH, "height": page.evaluate("document.documentElement.scrollHeight")})
    for chart in page.locator("[data-chart]").all():
        chart.locator(".main-svg").first.wait_for()
    page.evaluate("document.fonts.ready")
    return page.screenshot()


if __name__ == "__main__":
    main()
