"""Where gradients flow, who trains what, what runs at all."""
