"""Who a thing is: EPC binary and GS1 codes turned into GS1 keys."""
