"""The middleware around every request.

The way in: `boundary` → authentication (an app's own) → `unit_of_work`, which reads `request_bodies` → `routing` → the
route. The caller is a `lazy_user`, looked up with the first statement. The way out: an answer, one of our `pages`, or
a refusal (`problem_responses`). `openapi` describes all of it. `methods` and `paths` read what is
asked for.
"""
