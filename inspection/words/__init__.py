"""Words for people: codes in, sentences in their language out."""
