"""The HTTP side: Flask blueprints with short views over the runtime, and one shape for every error."""
