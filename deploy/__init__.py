"""Starting the product: on this machine (deploy.local, deploy.embedded, deploy.full) and in containers."""
