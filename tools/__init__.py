"""Commands for maintainers: execute notebooks, benchmarks, page weights."""
