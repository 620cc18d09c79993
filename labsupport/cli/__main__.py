"""`python -m labsupport.cli`, for where `lab` is not installed."""

import sys

from labsupport.cli import main

sys.exit(main())
