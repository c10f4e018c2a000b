"""Accounts: who can sign in, with what, and as which role."""
