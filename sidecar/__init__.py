"""DevSkyy sidecar: agents that read a WooCommerce shop and propose changes; WordPress makes them."""

__version__ = "0.1.0"
