"""The back office in the browser: piccolo-admin's front end over the resources of the API."""
