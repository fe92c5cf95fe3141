"""Records coming in: checked, judged, recorded or refused, each with a signed answer."""
