"""Evidence packs: all that proves one return, in one file that checks itself offline."""
