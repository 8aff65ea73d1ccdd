"""What the studio does to data and models; the one implementation behind command line and window."""
