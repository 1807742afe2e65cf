"""`python -m service.embedded`: the process that owns the private stores."""

import sys

from service.embedded.process import main

sys.exit(main(sys.argv[1:]))
