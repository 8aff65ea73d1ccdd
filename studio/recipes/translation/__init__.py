"""Pictures of one kind turned into pictures of another."""
