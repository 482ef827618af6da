"""The plan language (PLAN.md): from YAML to a validated, frozen plan.

document      values with the place where each was written
yaml          text → document; `slips` says what is wrong with a text that is no YAML
overrides     `--set`, `-u`, `-d`, … → document
environment   `${X}` and secrets → document
model         document → plan; `parse`, `assertions` and `operators` read its short forms
problems      pydantic's errors → problems; `elsewhere` knows what does the work of an unknown key
checks        what a shape cannot say; `request_checks`, `tls_checks`, `ramp_checks`, `template_checks`, `data_checks`,
              `unsupported`
loader        all of it
schema        the JSON Schema for editors
tls_settings  of which TLS settings the requests of a plan are
shown         a plan as reports name its parts; `guarded`: what of it must cross no network in the clear
"""
