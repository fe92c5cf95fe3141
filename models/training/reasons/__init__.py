"""Training of the small model that reads why a customer returns something."""
