"""How the tables came to be, step by step. Run by db.migrate, never by hand."""
