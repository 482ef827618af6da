"""`python -m gradual_agent` is `gradual-agent`."""

import sys

from gradual_agent.command import main

sys.exit(main())
