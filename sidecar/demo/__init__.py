"""A small WooCommerce-compatible shop that also plays the plugin's part, and the generator of its data."""
