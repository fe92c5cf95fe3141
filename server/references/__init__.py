"""Reference photos and banks: kept by hash, published as versions, announced to the stations."""
