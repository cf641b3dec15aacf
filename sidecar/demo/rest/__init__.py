"""wc/v3 and wp/v2 of the demo shop, answer for answer as WooCommerce 11 on WordPress 7 gives them."""
