"""From placed graphs to C99: descriptor header, source, packed weights."""
