"""What a chip offers: memories, cores, kernels, and how long they take."""
