"""Disk formats: bytes in, facts and judgements out."""
