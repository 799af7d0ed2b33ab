"""What the compiler knows of machines: layouts of constants and cycles of kernels."""
