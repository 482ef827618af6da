"""What every part of the plan language is made of: documents with places, types as they are written, wording."""
