"""Modules of the seeded generator; `sidecar.demo.generator.generate` is the way in."""
