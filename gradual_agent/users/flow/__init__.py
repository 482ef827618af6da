"""The flow around actions: loops, branches, transactions, polls, simultaneous steps.

A behaviour is a tree of nodes. Its leaves are straight runs of actions, which `StepRunner.run_steps` performs; a
behaviour without flow is one such leaf, and costs nothing more than its actions.
"""
