"""What `import validator` offers: the commands as functions, and a finished run as an object."""
