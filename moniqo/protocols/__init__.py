"""Programs that watch and steer from outside: each protocol asks what the API answers, and no rule lives here twice."""
