"""The live terminal screen of `--monitor`.

`state` collects intervals and news. Each module of `panels` turns the state into lines. `layout` decides which panels
fit on the terminal. `screen` writes the lines to the terminal. `reporter` connects these parts.
"""
