"""The vocabulary of the robots: thin keyword libraries and resource files."""
