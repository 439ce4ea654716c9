"""What every resource offers over HTTP, from the parameters of a list to the description of the routes."""
