"""Find a Chromium for the browser tests, or install one with the system's package manager.

Prints its path. `find()` is what the browser tests use.
"""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find() -> str | None:
    """Path of a Chromium on this machine: $CHROMIUM, else the usual names, else Playwright's own."""
    if path := os.environ.get("CHROMIUM"):
        return path
    for name in NAMES:
        if path := shutil.which(name):
            return path
    try:
        from playwright.sync_api import sync_playwright

        with sync_playwright() as playwright:
            path = playwright.chromium.executable_path
            return path if os.path.exists(path) else None
    except ImportError:
        return None


def install() -> None:
    """Debian's package as root, otherwise Playwright's download."""
    if shutil.which("apt-get") and os.geteuid() == 0:
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        subprocess.run(["apt-get", "install", "-y", "-qq", "chromium", "fonts-noto-cjk"], check=True)
    else:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=True)


def main() -> int:
    if find() is None:
        install()
    path = find()
    print(path or "No Chromium found; install one or set CHROMIUM to its path.")
    return 0 if path else 2


if __name__ == "__main__":
    sys.exit(main())
