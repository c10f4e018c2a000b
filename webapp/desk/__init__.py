"""What is made of several features: the homes, the list of clients, the shell of a profile, and the bar."""
