"""Colleagues: whom the admins invite, with which roles, and how they are let in again."""
