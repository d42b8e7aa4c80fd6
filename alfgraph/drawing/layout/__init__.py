"""Where everything stands, in whole pixels."""
