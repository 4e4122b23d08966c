"""The embedded servers and the process tree; never a business rule."""
