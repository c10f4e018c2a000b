"""What leaves a unit of work once it has committed: notices to browsers, and mail."""
