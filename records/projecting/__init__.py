"""How each kind of event changes the information library."""
