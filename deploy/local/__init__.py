"""The product on this machine: private servers, settings, and whole systems as context managers."""
