"""The staff console: accounts, and the pages by which staff use the other services."""
