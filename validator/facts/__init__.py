"""Facts: one flat record per raw row, measured once; everything later is a pure function of them."""
