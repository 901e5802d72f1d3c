"""The book's small shared package; see each module's first lines for its one job."""

__version__ = "0.1.0"
