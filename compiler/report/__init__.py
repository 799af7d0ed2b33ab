"""What a compilation tells people and tools: dumps, mapping, memory."""
