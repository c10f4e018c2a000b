"""What protects the master key while the box is off: a TPM2, a passphrase, or only its mode."""
