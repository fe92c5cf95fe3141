"""The supervisors' pages, a process of their own that only reads the database."""
