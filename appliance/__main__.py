"""``python -m appliance`` is the ``wellhouse`` command."""

import sys

from appliance.cli import main

sys.exit(main())
