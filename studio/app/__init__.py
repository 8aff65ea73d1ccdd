"""Main window, session, settings, command line."""
