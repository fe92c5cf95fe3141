"""Stack lights, and whatever else shows a state to the room."""
