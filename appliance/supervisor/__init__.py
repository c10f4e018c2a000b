"""What watches the parts: supervisord's configuration, and asking it how they are."""
