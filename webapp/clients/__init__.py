"""The practice's clients: who they are, who cares for them, and how they are invited."""
