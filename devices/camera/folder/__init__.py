"""A folder into which something else puts pictures, as a camera."""
