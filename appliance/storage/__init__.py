"""The encrypted volume (LUKS2) that holds the data, where the clinic gave the box a disk for them."""
