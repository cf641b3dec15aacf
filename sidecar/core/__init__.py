"""The contract that every other room builds on; nothing here does any IO."""
