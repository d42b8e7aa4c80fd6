"""What a socket's annotation asks for: the contracts that components fulfil."""
