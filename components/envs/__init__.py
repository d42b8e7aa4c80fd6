"""Environments: Gymnasium's, batched, as ALF's time steps."""
