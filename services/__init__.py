"""The services; each is a package that imports contract and kit, never another service."""
