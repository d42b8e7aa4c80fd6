"""From declared specs to concrete ones, in both directions."""
