"""The shared kit that every Borgerting service is built on. It knows no service."""
