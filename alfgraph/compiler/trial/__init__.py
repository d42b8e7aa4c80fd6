"""Every component once, on small real tensors."""
