"""Integer and float arithmetic as docs/numerics.md defines it."""
