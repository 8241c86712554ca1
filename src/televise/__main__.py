"""``python -m televise``."""

import sys

from televise.cli import main

sys.exit(main())
