"""Estimators: numpy in, numpy out; they know no store and no web."""
