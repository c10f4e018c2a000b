"""The house's rules as tests. Each walker first finds a planted offence: one that cannot fail says nothing."""
