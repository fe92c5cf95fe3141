"""What a customer claims with a return, read from free text, and compared with what was found."""
