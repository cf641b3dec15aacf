"""Who may talk to the sidecar: signed requests, pairing, API keys and sealed secrets."""
