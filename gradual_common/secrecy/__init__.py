"""What nobody is to read: secrets and credentials, found and masked."""
