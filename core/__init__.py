"""What the portal and the media server must agree on, and nothing else."""
