"""Commands for maintainers: execute notebooks, benchmarks, page weights."""

import sys

# jsonschema, which checks notebooks and _config.yml, would compile 39 grammars for
# kinds of addresses that neither has: more than a second. It does without when this
# module is not there.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
