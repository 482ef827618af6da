"""The plan language (docs/design/plan_language.md): from YAML to a validated, frozen plan.

reading       text → document: YAML and what is wrong with its syntax, options (`--set`, `-u`, …), `${X}` and secrets,
              the files of data sets
model         document → plan: the models, their JSON Schema, the numbers of the plan's steps in every batch
checks        what is wrong with a plan: its shape, keys of other tools, what is not supported yet, and what needs more
              than one field: names, ramps, templates, data, TLS
idleness      iterations that may be empty, and loops that never wait
validation    document → plan, with every mistake
loader        all of it
scheduling    plan → schedule
confidential  what must not go over a network unencrypted, and the plan as reports name its parts
signing_keys  the keys of signatures in templates: masked, and of the kind that their algorithm needs
"""
