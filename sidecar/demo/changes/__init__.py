"""The pen of the demo shop: compares, writes, keeps what stood there and takes it back, as the plugin
does."""
