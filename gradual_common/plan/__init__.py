"""The plan language (PLAN.md): from YAML to a validated, frozen plan.

document      values with the place where each was written
yaml          text → document
overrides     `--set`, `-u`, `-d`, … → document
environment   `${X}` and secrets → document
model         document → plan; `parse`, `assertions` and `operators` read its short forms
problems      pydantic's errors → problems
checks        what a shape cannot say; `ramp_checks`, `template_checks`, `data_checks`, `unsupported`
loader        all of it
schema        the JSON Schema for editors
"""
