"""The back office in the browser: piccolo-admin's front end over the resources of the API.

`site` mounts it, with the routes of `crud`, which shows `rows` and takes them with `values` as people write them, and
describes tables by their `schemas`. `lives` says what of a row may change, and `codes` finds the one whose whole code
was typed. `page` adds the scripts of `static/` (`admin.js` lists them), and `words` what the screen says.
"""
