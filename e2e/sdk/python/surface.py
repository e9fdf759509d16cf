"""What the official Python SDK knows of zones, settings, DNS records and certificates, used against a running control plane."""

import surface_account  # noqa: F401
import surface_zones  # noqa: F401
import surface_settings  # noqa: F401
import surface_records  # noqa: F401
import surface_batch  # noqa: F401
import surface_certificates  # noqa: F401
from checks import run

run()
