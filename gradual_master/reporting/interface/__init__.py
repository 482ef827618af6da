"""What a reporter is: its methods, what they are given, and what it has at hand."""
