"""Tensors before they exist, and how two specs become one."""
