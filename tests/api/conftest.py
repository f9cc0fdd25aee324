"""The running site, for tests that reach it the way programs do."""

from tests.browser.conftest import site

__all__ = ("site",)
