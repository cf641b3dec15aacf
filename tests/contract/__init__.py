"""One suite for the demo shop and for real WooCommerce: the same requests, the same vectors."""
