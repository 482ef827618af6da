"""`gradual runs`, `report`, `export` and `baseline`: what is kept in the store."""
