"""Many environments at once, as time steps of tensors."""
