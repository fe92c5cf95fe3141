"""The centre's database: tables, their migrations, one writer with group commit, and readers."""
