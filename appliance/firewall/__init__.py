"""The box's own nftables rules: what comes in, and what each part may send."""
