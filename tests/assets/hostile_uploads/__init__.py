"""Three hundred hostile uploads, made by code that can be read, never checked in as files."""
