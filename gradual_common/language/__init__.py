"""What every part of the plan language is made of: documents with line numbers, types as they are written, wording."""
