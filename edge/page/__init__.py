"""The inspector's page, drawn from the station's snapshot."""
