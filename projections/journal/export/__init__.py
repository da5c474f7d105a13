"""What other programs read: the journal as text files of theirs, from entries alone."""
