"""LLRP: readers of any maker with an Ethernet port, through llrpkit (extra `llrp`)."""
