"""`-o markdown=PATH`: the summary for a pull request."""
