"""The back office in the browser: piccolo-admin's front end over the resources of the API.

`site` mounts it, with the routes of `crud`, which reads and writes `values` as people type them, and describes tables
by their `schemas`; `codes` finds the row whose whole code was typed; `page` adds the scripts of `static/` (`admin.js`
lists them), and `words` what the screen says.
"""
