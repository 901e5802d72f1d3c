"""Set before any test or kernel starts: one thread each, quick profile, no bars."""

import os

from tools.notebooks import KERNEL_ENVIRONMENT

os.environ.update(KERNEL_ENVIRONMENT)
os.environ.setdefault("BOOK_PROFILE", "quick")
os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", ".hypothesis")
