"""DevSkyy's sidecar: agents that read a WooCommerce shop and propose changes."""

__version__ = "0.1.0"

MIN_PLUGIN_VERSION = "0.1.0"
