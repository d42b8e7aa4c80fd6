"""What actions are made of: bounds and parts."""
