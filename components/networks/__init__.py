"""Networks: from observations to features, values, and distributions over actions."""
