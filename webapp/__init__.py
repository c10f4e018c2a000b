"""The portal: everything a browser sees, and the only part of the box that opens the record."""
