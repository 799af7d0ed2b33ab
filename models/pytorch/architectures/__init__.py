"""Small networks in plain PyTorch, as their users write them."""
