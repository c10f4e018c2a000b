"""Installing for a clinic's real work: what install.sh asks, checks and tells; Ansible does the rest.

Everything here is standard library, core and two modules of appliance that are so too. The system's own Python runs it
before anything was brought to the machine, so that a machine that will not do hears so while it is still untouched.
"""
