"""From one file of settings to everything that nginx, coturn and supervisor read, keys and certificate included."""
