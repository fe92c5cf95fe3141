"""One scanning station: from tag to signed record, with the inspector's page."""
