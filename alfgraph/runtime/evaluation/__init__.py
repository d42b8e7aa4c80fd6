"""How good the policy is: episodes apart from training."""
