"""What a chip offers: memories, cores, and how long they take."""
