"""What a cluster does step by step: tiles, copies between memories, addresses."""
