"""The site's certificate: got from an authority, from the box itself or from the clinic, kept, renewed, and shown."""
